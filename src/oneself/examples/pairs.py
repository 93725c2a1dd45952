"""Two half-size images of the same scene out of one noisy image."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from oneself.core import Example, Input

__all__ = ["Pairs", "split_pair"]


def split_pair(x: Tensor) -> tuple[Tensor, Tensor]:
    """The two diagonal means of every 2×2 block (2×2×2: the two tetrahedra; 2: the two samples).

    The means see different elements, so independent noise stays independent between them, and both see the
    same scene. Spatial sizes must be even.

    Mansour, Heckel. Zero-Shot Noise2Noise. CVPR 2023.
    """
    dims = x.ndim - 2
    sums: list[list[Tensor]] = [[], []]
    for corner in itertools.product((0, 1), repeat=dims):
        sums[sum(corner) % 2].append(x[(..., *(slice(c, None, 2) for c in corner))])
    first, second = (torch.stack(parts).mean(0) for parts in sums)
    return first, second


class Pairs(Input):
    """Random even-sized patches of ``y``, randomly flipped; the network is to make one half-image from the other.

    The example's input is the patches; the pair is made from them by the loss, which also needs them whole.

    Parameters
    ----------
    y : Tensor
        ``(1, C, *spatial)``.
    patch : int or None
        Side of the patches; the whole image otherwise (less one row where its size is odd, a random one of the two).
    patches : int
        How many at once.
    """

    def __init__(self, y: Tensor, patch: int | None, patches: int) -> None:
        super().__init__()
        self.sides = [min(n, patch or n) // 2 * 2 for n in y.shape[2:]]
        self.patches = 1 if patch is None else patches
        self.register_buffer("y", y, persistent=False)

    def forward(self) -> Example:
        made = torch.cat([self._patch() for _ in range(self.patches)])
        return Example((made,), made)

    def _patch(self) -> Tensor:
        starts = [int(torch.randint(n - s + 1, ())) for n, s in zip(self.y.shape[2:], self.sides, strict=True)]
        return self.y[(..., *(slice(a, a + s) for a, s in zip(starts, self.sides, strict=True)))]

    def still(self) -> Example:
        return Example((self.y,), self.y)
