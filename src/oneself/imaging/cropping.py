"""Cutting a part out of an image of any number of dimensions, and giving it a border."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import EllipsisType

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["cut", "random_flips", "random_place", "reflected"]


def cut(x: Tensor, places: Iterable[slice]) -> Tensor:
    """The part of ``x``, ``(B, C, *spatial)``, at one slice for each spatial axis; a view."""
    index: tuple[EllipsisType | slice, ...] = (..., *places)
    return x[index]


def random_place(size: Sequence[int], sides: Sequence[int]) -> list[slice]:
    """Where a random part of ``sides`` lies in an image of spatial ``size``: one slice an axis, for ``cut``."""
    starts = [int(torch.randint(n - side + 1, ())) for n, side in zip(size, sides, strict=True)]
    return [slice(start, start + side) for start, side in zip(starts, sides, strict=True)]


def random_flips(ndim: int) -> list[int]:
    """The spatial axes of a tensor of ``ndim`` dimensions that are flipped: each with probability ½."""
    return [axis for axis in range(2, ndim) if bool(torch.rand(()) < 0.5)]


def reflected(x: Tensor, margin: int) -> Tensor:
    """``x`` with ``margin`` more elements on every side, by reflection; the edge repeated where that is too short."""
    if not margin:
        return x
    room = min(x.shape[2:]) > margin
    return F.pad(x, (margin,) * (2 * (x.ndim - 2)), mode="reflect" if room else "replicate")
