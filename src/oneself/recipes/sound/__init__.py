"""Methods of recordings."""
