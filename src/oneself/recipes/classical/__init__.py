"""Closed forms: no network learns."""
