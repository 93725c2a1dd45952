"""Denoisers that make their examples out of one noisy image."""
