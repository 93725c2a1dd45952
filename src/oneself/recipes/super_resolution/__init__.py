"""Larger pictures, learned from the picture's own smaller self."""
