"""Seconds and bytes in words."""

from __future__ import annotations

__all__ = ["duration", "memory"]


def duration(seconds: float) -> str:
    """``8.1 s``, ``2:05 min``, ``1:02:03 h``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def memory(size: float) -> str:
    """``0.6 GB``."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"
