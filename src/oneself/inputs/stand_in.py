"""What stands in a hidden element's place: what its visible neighbours tell, and nothing else."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Offset", "Replacement", "disc", "line", "stand_in"]

Offset = tuple[int, ...]
Replacement = Literal["uniform", "median", "mean"]
SUMS = (F.conv1d, F.conv2d, F.conv3d)


def disc(extent: Sequence[int]) -> list[Offset]:
    """The offsets of an ellipsoid that reaches less than ``extent`` elements along every axis; the middle among them.

    ``extent`` is where correlation has faded: of 1 along every axis, only the middle is left.
    """
    box = itertools.product(*(range(1 - e, e) for e in extent))
    return [offset for offset in box if sum((d / e) ** 2 for d, e in zip(offset, extent, strict=True)) < 1]


def line(dims: int, axis: int, reach: int) -> list[Offset]:
    """The offsets of a line of ``reach`` elements to both sides along one spatial axis; the middle among them."""
    return [tuple(d if a == axis else 0 for a in range(dims)) for d in range(-reach, reach + 1)]


def stand_in(y: Tensor, visible: Tensor, kind: Replacement, radius: int) -> Tensor:
    """For every element a value made of the visible ones within ``radius`` along every axis, itself left out.

    ``"uniform"``: one of them drawn at random, each as likely; ``"median"``: their median (the mean of the middle two
    where they are even in number); ``"mean"``: their mean by weights that fall linearly with the distance along every
    axis. Where none is visible, the mean of all visible elements of the channel. Hidden elements have no influence.

    Parameters
    ----------
    y, visible : Tensor
        ``(B, C, *spatial)``; ``visible`` is 1 and 0.
    """
    reach = [min(radius, n - 1) for n in y.shape[2:]]
    if kind == "mean":
        made, some = _mean(y, visible, reach)
    else:
        values, seen = _around(y, reach), _around(visible, reach) > 0
        made, some = (_drawn if kind == "uniform" else _median)(values, seen)
    axes = list(range(2, y.ndim))
    level = (y * visible).sum(axes, keepdim=True) / visible.sum(axes, keepdim=True).clamp(min=1)
    return torch.where(some, made, level)


def _offsets(reach: Sequence[int]) -> list[Offset]:
    return [offset for offset in itertools.product(*(range(-r, r + 1) for r in reach)) if any(offset)]


def _mean(y: Tensor, visible: Tensor, reach: Sequence[int]) -> tuple[Tensor, Tensor]:
    kernel = y.new_zeros(1, 1, *(2 * r + 1 for r in reach))
    for offset in _offsets(reach):
        place = (0, 0, *(d + r for d, r in zip(offset, reach, strict=True)))
        kernel[place] = math.prod(1 - abs(d) / (r + 1) for d, r in zip(offset, reach, strict=True))

    def summed(x: Tensor) -> Tensor:
        flat = x.reshape(-1, 1, *x.shape[2:])
        return SUMS[x.ndim - 3](flat, kernel, padding=list(reach)).reshape(x.shape)

    weight = summed(visible)
    return summed(y * visible) / weight.clamp(min=1e-6), weight > 1e-6


def _around(x: Tensor, reach: Sequence[int]) -> Tensor:
    """Every neighbour of every element, ``(K, B, C, *spatial)``; 0 beyond the border."""
    wide = F.pad(x, [r for r in reversed(reach) for _ in range(2)])
    shifted = []
    for offset in _offsets(reach):
        part = wide
        for axis, (d, r) in enumerate(zip(offset, reach, strict=True), 2):
            part = part.narrow(axis, r + d, x.shape[axis])
        shifted.append(part)
    return torch.stack(shifted)


def _drawn(values: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    chance = torch.rand(values.shape, device=values.device).masked_fill(~seen, -1)
    highest = chance.max(0, keepdim=True)
    return values.gather(0, highest.indices)[0], highest.values[0] >= 0


def _median(values: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    count = seen.sum(0, keepdim=True)
    ranked = values.masked_fill(~seen, torch.inf).sort(0).values
    low, high = (ranked.gather(0, place.clamp(min=0)) for place in ((count - 1) // 2, count // 2))
    some = count > 0
    return torch.where(some, (low + high) / 2, 0.0)[0], some[0]
