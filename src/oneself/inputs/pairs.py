"""Two half-size images of the same scene out of one noisy image."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from oneself.core import Example, Input
from oneself.imaging.cropping import cut, random_place

__all__ = ["Pairs", "diagonals", "split_pair"]


def diagonals(dims: int) -> Tensor:
    """The weights ``(2, 2**dims)`` of a block's corners in its two diagonal means (in 3D: of its two tetrahedra)."""
    odd = torch.tensor([sum(corner) % 2 for corner in itertools.product((0, 1), repeat=dims)])
    weights: Tensor = torch.stack([1 - odd, odd]) / 2 ** (dims - 1)
    return weights


def split_pair(x: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Two weighted means of every 2×2 block (2×2×2; 2), by default of its diagonals.

    Where the means see different elements, independent noise stays independent between them, and both see the same
    scene. Spatial sizes must be even.

    Parameters
    ----------
    x : Tensor
        ``(B, C, *spatial)``.
    weights : Tensor, optional
        ``(2, 2**dims)``, of the corners of a block in the order of their coordinates.

    Mansour, Heckel. Zero-Shot Noise2Noise. CVPR 2023.
    """
    dims = x.ndim - 2
    weights = diagonals(dims).to(x) if weights is None else weights
    places = itertools.product((0, 1), repeat=dims)
    corners = torch.stack([cut(x, [slice(c, None, 2) for c in corner]) for corner in places], dim=-1)
    return corners @ weights[0], corners @ weights[1]


class Pairs(Input):
    """Random even-sized patches of ``y`` and the weights that make a pair of half-images of them.

    The example is ``((patches, weights), patches)``; a loss makes the pair by ``split_pair(patches, weights)``.

    Parameters
    ----------
    y : Tensor
        ``(1, C, *spatial)``.
    patch : int or None
        Side of the patches; the whole image otherwise (less one row where its size is odd, a random one of the two).
    patches : int
        How many at once.
    single : float
        Probability that a step's pair is of two single elements, drawn anew, in place of two diagonal means: noise
        at its full level, where the mean has it halved.
    """

    y: Tensor
    diagonals: Tensor

    def __init__(self, y: Tensor, patch: int | None, patches: int, single: float = 0.0) -> None:
        super().__init__()
        self.sides = [min(n, patch or n) // 2 * 2 for n in y.shape[2:]]
        self.patches, self.single = 1 if patch is None else patches, single
        self.register_buffer("y", y, persistent=False)
        self.register_buffer("diagonals", diagonals(y.ndim - 2).to(y), persistent=False)

    def forward(self) -> Example:
        made = torch.cat([self._patch() for _ in range(self.patches)])
        return Example((made, self._weights()), made)

    def _patch(self) -> Tensor:
        return cut(self.y, random_place(self.y.shape[2:], self.sides))

    def _weights(self) -> Tensor:
        if not self.single or float(torch.rand(())) >= self.single:
            return self.diagonals
        corners = self.diagonals.shape[1]
        return torch.eye(corners)[torch.randperm(corners)[:2]].to(self.y)

    def evaluation_example(self) -> Example:
        return Example((self.y, self.diagonals), self.y)
