"""How a broken promise is told."""

from __future__ import annotations

__all__ = ["BrokenPromise", "require"]


class BrokenPromise(AssertionError):
    """A method does not keep the contract; the message says which part, and on which case."""


def require(kept: bool, where: object, promise: str) -> None:
    """Raise ``BrokenPromise`` unless ``kept``; unlike ``assert`` also under ``python -O``."""
    if not kept:
        raise BrokenPromise(f"{where}: {promise}")
