"""Groups of similar patches of one image: where they are, cutting them out, laying them back."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from oneself.imaging.cropping import cut

__all__ = ["Region", "SimilarPatches"]

Sides = int | Sequence[int]


@dataclass(frozen=True)
class Region:
    """Neighbouring reference patches, and the part of the image that their candidates cover.

    Attributes
    ----------
    places : tuple of slice
        The part, a slice for each spatial axis.
    references, starts : Tensor
        ``(m,)``: number of each reference patch among the part's patches, and of its first candidate.
    offsets : Tensor
        ``(candidates,)``: what is added to a start to have all candidates.
    """

    places: tuple[slice, ...]
    references: Tensor
    starts: Tensor
    offsets: Tensor


class SimilarPatches:
    """For reference patches on a grid, the patches of the image that look most like each.

    Parameters
    ----------
    size : sequence of int
        Spatial size of the image.
    patch : int or sequence of int
        Sides of the patches, one for all axes or one for each.
    reach : int or sequence of int
        How far from the reference similar patches are looked for, in elements along every axis; at a border the window
        is moved inwards, so that all references have as many candidates.
    stride : int or sequence of int
        Distance of the reference patches; those at the far borders are always there.
    start : sequence of int
        First reference along every axis (that at 0 is there, too).
    side : int
        Reference patches of a region, along every axis.
    """

    def __init__(
        self,
        size: Sequence[int],
        *,
        patch: Sides,
        reach: Sides,
        stride: Sides,
        start: Sequence[int],
        side: int = 12,
    ) -> None:
        self.size, self.side = tuple(size), side
        self.patch, reach, stride = (_for_each(sides, len(self.size)) for sides in (patch, reach, stride))
        ends = [n - p for n, p in zip(self.size, self.patch, strict=True)]
        self.windows = [min(2 * far + 1, end + 1) for far, end in zip(reach, ends, strict=True)]
        self.grid = [
            sorted({0, *range(first, end, step), end}) for first, end, step in zip(start, ends, stride, strict=True)
        ]
        self.blocks = list(itertools.product(*([g[i : i + side] for i in range(0, len(g), side)] for g in self.grid)))

    def __len__(self) -> int:
        """How many regions there are."""
        return len(self.blocks)

    @property
    def candidates(self) -> int:
        """How many patches each reference is compared with."""
        return math.prod(self.windows)

    def region(self, number: int, device: torch.device) -> Region:
        firsts, places = [], []
        for refs, window, n, p in zip(self.blocks[number], self.windows, self.size, self.patch, strict=True):
            first = [min(max(r - window // 2, 0), n - p + 1 - window) for r in refs]
            firsts.append(first)
            places.append(slice(first[0], first[-1] + window + p - 1))
        counts = [s.stop - s.start - p + 1 for s, p in zip(places, self.patch, strict=True)]

        def numbers(along: Sequence[Sequence[int]]) -> Tensor:
            """Of all combinations of positions along the axes, the number in row-major order."""
            found = torch.zeros((), dtype=torch.long)
            for positions, count in zip(along, counts, strict=True):
                found = found[..., None] * count + torch.tensor(positions)
            return found.flatten().to(device)

        def within(along: Sequence[Sequence[int]]) -> Tensor:
            return numbers([[p - s.start for p in ps] for ps, s in zip(along, places, strict=True)])

        offsets = numbers([range(window) for window in self.windows])
        return Region(tuple(places), within(self.blocks[number]), within(firsts), offsets)

    def count(self, region: Region) -> int:
        """How many patches a region has."""
        return math.prod(s.stop - s.start - p + 1 for s, p in zip(region.places, self.patch, strict=True))

    def cut_out(self, x: Tensor, region: Region) -> Tensor:
        """All patches of a region of ``x``, ``(1, C, *spatial)``, as ``(patches, C, elements)``."""
        part = cut(x, region.places)[0]
        dims = part.ndim - 1
        for axis, p in enumerate(self.patch, 1):
            part = part.unfold(axis, p, 1)
        return part.movedim(0, dims).flatten(dims + 1).flatten(0, dims - 1)

    def match(self, guide: Tensor, region: Region, count: int) -> Tensor:
        """Numbers of the ``count`` patches most like each reference, itself among them: ``(m, count)``.

        Likeness is the sum of squared differences in ``guide``, ``(1, C, *spatial)``.
        """
        patches = self.cut_out(guide, region).flatten(1)
        patches = patches - patches.mean()
        references = region.references[:, None]
        distance = patches.square().sum(1) - 2 * patches[region.references] @ patches.T
        distance.scatter_(1, references, -math.inf)
        numbers = region.starts[:, None] + region.offsets
        nearest = distance.gather(1, numbers).topk(count, largest=False, sorted=False).indices
        return numbers.gather(1, nearest)

    def lay_back(self, total: Tensor, patches: Tensor, region: Region) -> None:
        """Add patches ``(patches, C, elements)`` where they lie in ``total``, ``(1, C, *spatial)``."""
        part = cut(total, region.places)[0]
        counts = [n - p + 1 for n, p in zip(part.shape[1:], self.patch, strict=True)]
        laid = patches.permute(1, 2, 0).reshape(len(part), -1, *counts)
        for number, corner in enumerate(itertools.product(*map(range, self.patch))):
            place = (slice(None), *(slice(c, c + count) for c, count in zip(corner, counts, strict=True)))
            part[place] += laid[:, number]


def _for_each(sides: Sides, dims: int) -> tuple[int, ...]:
    return (sides,) * dims if isinstance(sides, int) else tuple(sides)
