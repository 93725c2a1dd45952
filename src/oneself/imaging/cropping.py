"""Cutting a part out of an image of any number of dimensions, and giving it a border."""

from __future__ import annotations

from collections.abc import Iterable
from types import EllipsisType

import torch.nn.functional as F
from torch import Tensor

__all__ = ["cut", "reflected"]


def cut(x: Tensor, places: Iterable[slice]) -> Tensor:
    """The part of ``x``, ``(B, C, *spatial)``, at one slice for each spatial axis; a view."""
    index: tuple[EllipsisType | slice, ...] = (..., *places)
    return x[index]


def reflected(x: Tensor, margin: int) -> Tensor:
    """``x`` with ``margin`` more elements on every side, by reflection; the edge repeated where that is too short."""
    if not margin:
        return x
    room = min(x.shape[2:]) > margin
    return F.pad(x, (margin,) * (2 * (x.ndim - 2)), mode="reflect" if room else "replicate")
