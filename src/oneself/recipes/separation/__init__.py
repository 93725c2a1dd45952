"""Pictures taken apart into what they are mixed of."""
