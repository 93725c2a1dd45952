"""Denoisers that are used as priors."""
