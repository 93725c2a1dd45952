"""The deep image prior and its family."""
