"""Cutting a part out of an image of any number of dimensions."""

from __future__ import annotations

from collections.abc import Iterable
from types import EllipsisType

from torch import Tensor

__all__ = ["cut"]


def cut(x: Tensor, places: Iterable[slice]) -> Tensor:
    """The part of ``x``, ``(B, C, *spatial)``, at one slice for each spatial axis; a view."""
    index: tuple[EllipsisType | slice, ...] = (..., *places)
    return x[index]
