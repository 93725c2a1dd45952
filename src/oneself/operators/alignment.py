"""Where an operator of super-resolution looks: found by asking it, so that any operator will do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Turn", "displacement", "symmetries", "turns"]

PROBE = {1: 256, 2: 48, 3: 16}  # samples of a probe's measurement along each axis, at most


class Turn(NamedTuple):
    """A rotation or reflection: axes permuted, then flipped, both counted among the spatial axes."""

    order: tuple[int, ...]
    flips: tuple[int, ...]

    def __call__(self, x: Tensor) -> Tensor:
        return x.permute(0, 1, *(2 + axis for axis in self.order)).flip([2 + axis for axis in self.flips])

    def back(self, x: Tensor) -> Tensor:
        """The inverse."""
        undone = [self.order.index(axis) for axis in range(len(self.order))]
        return x.flip([2 + axis for axis in self.flips]).permute(0, 1, *(2 + axis for axis in undone))


def turns(scale: Sequence[float], transpose: bool = True) -> list[Turn]:
    """Every flip, and every permutation of axes of equal scale; the one that does nothing comes first."""
    axes = range(len(scale))
    orders = [o for o in itertools.permutations(axes) if all(map(_alike, (scale[axis] for axis in o), scale))]
    flips = [tuple(a for a in axes if bits[a]) for bits in itertools.product((0, 1), repeat=len(scale))]
    return [Turn(order, which) for order in (orders if transpose else orders[:1]) for which in flips]


def _alike(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=0.02)  # sizes are whole, so that equal factors may look a little unlike


def displacement(A: Callable[[Tensor], Tensor], y: Tensor, scale: Sequence[float]) -> tuple[float, ...]:
    """How far the samples of ``A`` lie from the middle of the area that each stands for, in samples of the image.

    Sample ``j`` of a measurement stands for the image from ``s j`` to ``s (j + 1)``. Where ``A`` looks is its answer
    to a ramp. 0 for area-by-area operators such as ``Resize``, ``-(s - 1) / 2`` for every ``s``-th sample counted
    from the first, and what an off-centre kernel adds to either.

    Parameters
    ----------
    A : callable
        A linear operator that takes any size.
    y : Tensor
        A measurement ``(1, C, *spatial)``, for its number of channels, size, type and device.
    scale : sequence of float
        Of each axis.
    """
    flat = y.new_ones(1, y.shape[1], *_probe_size(y.shape[2:], scale))
    total = A(flat)
    found = []
    for axis, (n, m) in enumerate(zip(flat.shape[2:], total.shape[2:], strict=True)):
        ramp = _ramp(n, axis, flat)
        middles = n / m * (_ramp(m, axis, flat) + 0.5) - 0.5
        gap = float((A(flat * ramp) / total - middles).median())
        found.append(gap if abs(gap) > 0.05 else 0.0)  # weights of a broken factor put a ramp off by as much
    return tuple(found)


def symmetries(
    A: Callable[[Tensor], Tensor], y: Tensor, scale: Sequence[float], candidates: Sequence[Turn]
) -> list[Turn]:
    """Those turns that leave ``A`` as it is but for a displacement: ``A T = T A``, tried on noise.

    A given kernel that is its own mirror image passes, another one does not. Edges may differ.
    """
    cube = (min(y.shape[2:]),) * (y.ndim - 2)
    x = torch.rand(1, y.shape[1], *_probe_size(cube, scale), dtype=y.dtype, device=y.device)
    move = [2 * by for by in displacement(A, y, scale)]
    straight = A(x)
    return [turn for turn in candidates if _commutes(A, x, straight, turn, move)]


def _commutes(A: Callable[[Tensor], Tensor], x: Tensor, straight: Tensor, turn: Turn, move: Sequence[float]) -> bool:
    turned = turn(x)
    if turn.flips:
        turned = turned.roll([round(move[axis]) for axis in turn.flips], [2 + axis for axis in turn.flips])
    gap = (A(turned) - turn(straight)).abs().median()
    return bool(gap <= 1e-3 * straight.std())


def _probe_size(size: Sequence[int], scale: Sequence[float]) -> list[int]:
    return [math.floor(min(n, PROBE[len(scale)]) * s + 0.5) for n, s in zip(size, scale, strict=True)]


def _ramp(n: int, axis: int, like: Tensor) -> Tensor:
    shape = [1] * like.ndim
    shape[2 + axis] = n
    return torch.arange(n, dtype=like.dtype, device=like.device).reshape(shape)
