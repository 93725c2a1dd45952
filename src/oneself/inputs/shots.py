"""Two noisy shots of one scene, each to explain the other."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from oneself.core import Example, Input
from oneself.imaging.cropping import cut, random_flips, random_place

__all__ = ["Shots"]

JUDGED = 65_536  # elements of the part that what is held out is judged on


class Shots(Input):
    """Random patches of both shots: each is an input, and the other its target.

    Parameters
    ----------
    first, second : Tensor
        ``(1, C, *spatial)``, of one size, aligned.
    patch, patches : int
        Side of the patches, and from how many places; each is flipped at random along every axis.
    held : Tensor
        1 where neither shot is a target but in ``held_out``; like ``first``.
    """

    pair: Tensor
    held: Tensor

    def __init__(self, first: Tensor, second: Tensor, patch: int, patches: int, held: Tensor) -> None:
        super().__init__()
        self.patches = patches
        self.sides = [min(n, patch) for n in first.shape[2:]]
        self.register_buffer("pair", torch.cat([first, second]), persistent=False)
        self.register_buffer("held", held, persistent=False)

    def forward(self) -> Example:
        made = [self._patch() for _ in range(self.patches)]
        inputs, targets, held = (torch.cat(parts) for parts in zip(*made, strict=True))
        return Example((inputs,), targets, 1 - held)

    def _patch(self) -> tuple[Tensor, Tensor, Tensor]:
        return self._cut(random_place(self.pair.shape[2:], self.sides), random_flips(self.pair.ndim))

    def _cut(self, places: list[slice], flips: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        pair, held = cut(self.pair, places).flip(flips), cut(self.held, places).flip(flips)
        return pair, pair.flip(0), held.expand_as(pair)

    def held_out(self) -> Example:
        """The middle of both shots; what is held out alone counts."""
        side = math.ceil(JUDGED ** (1 / (self.pair.ndim - 2)))
        starts = [max(0, (n - side) // 2) for n in self.pair.shape[2:]]
        inputs, targets, held = self._cut([slice(a, a + side) for a in starts], [])
        return Example((inputs,), targets, held)

    def evaluation_example(self) -> Example:
        return Example((self.pair,), self.pair.flip(0))
