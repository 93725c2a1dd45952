"""An image taken apart into copies whose neighbours were further apart, and put together again."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from oneself.imaging.cropping import cut, reflected

__all__ = ["put_together", "taken_apart"]


def taken_apart(y: Tensor, stride: int, margin: int) -> Tensor:
    """Every ``stride``-th element along every axis, from every start, side by side in one image.

    What neighbours share in ``y``, such as correlated noise of an extent up to ``stride``, no neighbours share in the
    result, except at the seams between the copies; each copy has a border of ``margin`` reflected elements, so that
    what is cut off again by ``put_together`` covers the seams.

    Parameters
    ----------
    y : Tensor
        ``(B, C, *spatial)``.

    Notes
    -----
    Zhou et al. When AWGN-based denoiser meets real noises. AAAI 2020 (pixel-shuffle down-sampling).
    """
    y = _filled_up(y, stride)
    copies = [reflected(cut(y, [slice(s, None, stride) for s in start]), margin) for start in _starts(y, stride)]
    return _joined(copies, stride, y.ndim - 2)


def put_together(x: Tensor, stride: int, margin: int, size: Sequence[int]) -> Tensor:
    """The image of spatial ``size`` that ``taken_apart`` made ``x`` of."""
    sides = [n // stride for n in x.shape[2:]]
    made = x.new_empty(*x.shape[:2], *((side - 2 * margin) * stride for side in sides))
    for start in _starts(x, stride):
        inner = [slice(s * side + margin, (s + 1) * side - margin) for s, side in zip(start, sides, strict=True)]
        cut(made, [slice(s, None, stride) for s in start]).copy_(cut(x, inner))
    return cut(made, [slice(n) for n in size])


def _starts(x: Tensor, stride: int) -> list[tuple[int, ...]]:
    return list(itertools.product(range(stride), repeat=x.ndim - 2))


def _filled_up(y: Tensor, stride: int) -> Tensor:
    """With its last elements repeated up to a multiple of ``stride``, so that all copies are of one size."""
    for axis in range(2, y.ndim):
        lacking = -y.shape[axis] % stride
        if lacking:
            last = y.narrow(axis, max(0, y.shape[axis] - stride), 1).repeat_interleave(lacking, axis)
            y = torch.cat([y, last], axis)
    return y


def _joined(copies: list[Tensor], stride: int, dims: int) -> Tensor:
    """Copies in the order of their starts, as one block for every start along every axis."""
    for axis in range(dims + 1, 1, -1):
        copies = [torch.cat(copies[i : i + stride], axis) for i in range(0, len(copies), stride)]
    return copies[0]
