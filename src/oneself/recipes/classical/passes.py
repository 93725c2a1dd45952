"""Passes over groups of similar patches under white noise, each with the one before as its pilot."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from oneself.core import Stage
from oneself.inputs import SimilarPatches
from oneself.recipes.classical.groups import GroupPass, Turn
from oneself.recipes.posterior import variance_at

__all__ = ["PATCH", "REACH", "SHARE", "SIMILAR", "STRIDE", "GroupShape", "group_passes", "principal_axes"]

PATCH, STRIDE, REACH = 7, 4, 18  # in 2D: side of patches, distance of those compared with, how far others are sought
SIMILAR = 100  # patches of a group
SHARE = 0.45  # of the estimate in what is filtered again
FIRST = 18  # patches of a group of the first pass, whose risk is estimated from the noisy ones alone
ROUGH = 2  # passes whose estimates are too rough to be leant on
THIN = 16  # slices under which patches do not reach through them
SLICES = 2  # to either side that similar patches are looked for in, there


@dataclass(frozen=True)
class GroupShape:
    """Sides and steps of patches, and how far similar ones are looked for, along every axis."""

    sides: Sequence[int]
    steps: Sequence[int]
    far: Sequence[int]

    @classmethod
    def of(cls, size: Sequence[int], patch: int, stride: int, reach: int) -> GroupShape:
        """As many elements in any dimension as in 2D, where the numbers are those of pictures.

        In a volume that is thin along an axis patches are of one slice there, and found in the slices around, too.
        """
        wide = sum(n >= THIN for n in size) == 2 and len(size) == 3
        flat = [wide and n < THIN for n in size]
        dims = len(size) - sum(flat)
        side = min(_as_many(patch, dims), min(n for n, thin in zip(size, flat, strict=True) if not thin) // 2)
        step = min(_as_many(stride, dims), side)
        slices = [min(n, 2 * SLICES + 1) for n, thin in zip(size, flat, strict=True) if thin]
        far = max(1, _as_many(round((2 * reach + 1) / math.sqrt(math.prod(slices))), dims) // 2)
        return cls(
            [1 if thin else side for thin in flat],
            [1 if thin else step for thin in flat],
            [SLICES if thin else far for thin in flat],
        )

    def groups(self, size: Sequence[int]) -> SimilarPatches:
        """Groups whose first patch lies at a random place within a step."""
        start = [int(torch.randint(step, ())) for step in self.steps]
        return SimilarPatches(size, patch=self.sides, reach=self.far, stride=self.steps, start=start)


def group_passes(
    y: Tensor, shape: GroupShape, level: float, slope: float, *, passes: int, similar: int, share: float,
    pilot: Tensor | None = None, places: Sequence[SimilarPatches] = (), notes: Sequence[str] = (),
) -> Generator[Stage, Stage, Tensor]:  # fmt: skip
    """The stages of all passes, each with the estimate of the one before as its pilot; returns the last estimate.

    Parameters
    ----------
    y : Tensor
        ``(1, C, *spatial)``.
    level, slope : float
        Of the noise at the mean brightness, and how its variance grows with brightness.
    passes, similar : int
        How many; patches of a group.
    share : float
        Of the estimate in what is filtered again, from the third pass on.
    pilot : Tensor, optional
        An estimate that stands for those of two passes.
    places : sequence of SimilarPatches
        Where the groups of each pass begin; at random places of a step unless given.
    notes : sequence of str
        Of the first stage.
    """
    turn = Turn.orthonormal(principal_axes(y))
    x, before = pilot, 0 if pilot is None else ROUGH
    for number in range(before, before + passes):
        groups = places[number] if places else shape.groups(y.shape[2:])
        kept = 1 - share if number >= ROUGH else 1.0
        noisy = y if x is None else x + kept * (y - x)
        variance = kept**2 * variance_at(y if x is None else x, level**2, slope)
        count = similar if number else min(FIRST, similar, y.shape[1] * math.prod(shape.sides) // 2)
        fitted = yield GroupPass(noisy, x, turn, variance, groups, count, notes=notes)
        notes = ()
        x = fitted.estimate()
    assert x is not None
    return x


def _as_many(side: int, dims: int) -> int:
    """The side of a cube of ``dims`` dimensions that has about as many elements as a square of ``side``."""
    return max(1, round(math.pow(side, 2 / dims)))


def principal_axes(y: Tensor) -> Tensor:
    """The orthonormal directions of colour, ``(C, C)``, along which the channels of ``y`` vary most, one a row."""
    vectors: Tensor = torch.linalg.eigh(torch.cov(y[0].flatten(1)).reshape(y.shape[1], y.shape[1])).eigenvectors
    return vectors.flip(1).T.contiguous()
