"""Hiding elements, and asking for the hidden ones back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from oneself.core import Example, Input
from oneself.imaging.cropping import cut, random_flips, random_place
from oneself.operators.kept import kept_elements

__all__ = ["BernoulliMasks", "measured_elements"]


class BernoulliMasks(Input):
    """Each element of ``y`` is hidden with probability ``hide``; the network must give the hidden ones back.

    The example is ``((b*y, b), y, known*(1-b))`` with ``b`` one where an element is shown, randomly flipped
    together along every dimension.

    Parameters
    ----------
    y : Tensor
        ``(1, C, *spatial)``.
    hide : float
        Probability, for every element of every channel by itself.
    known : Tensor
        1 where ``y`` was measured at all; like ``y``.
    crop : int or None
        Side of random crops; the whole image otherwise.
    crops : int
        How many of them at once.
    """

    y: Tensor
    known: Tensor

    def __init__(self, y: Tensor, hide: float, known: Tensor, crop: int | None = None, crops: int = 1) -> None:
        super().__init__()
        self.hide, self.crops = hide, crops
        self.sides = [n if crop is None else min(n, crop) for n in y.shape[2:]]
        self.register_buffer("y", y, persistent=False)
        self.register_buffer("known", known, persistent=False)

    def forward(self) -> Example:
        y, known = self._crops()
        shown = known * (torch.rand_like(y) >= self.hide)
        return Example((y * shown, shown), y, known - shown)

    def _crops(self) -> tuple[Tensor, Tensor]:
        pairs = [self._crop() for _ in range(self.crops)]
        return torch.cat([y for y, _ in pairs]), torch.cat([known for _, known in pairs])

    def _crop(self) -> tuple[Tensor, Tensor]:
        places, flips = random_place(self.y.shape[2:], self.sides), random_flips(self.y.ndim)
        return cut(self.y, places).flip(flips), cut(self.known, places).flip(flips)

    def masked(self) -> tuple[Tensor, Tensor]:
        """The whole image with fresh masks, as the ensemble sees it."""
        shown = self.known * (torch.rand_like(self.y) >= self.hide)
        return self.y * shown, shown

    def evaluation_example(self) -> Example:
        return Example((self.y * self.known, self.known), self.y, self.known)


def measured_elements(physics: Any, y: Tensor) -> Tensor:
    """1 where an operator of denoising or inpainting measures, 0 where it does not: ``A(1)``.

    Raises
    ------
    ValueError
        The operator does more than keeping or dropping elements.
    """
    known = kept_elements(physics, y)
    if known is None:
        raise ValueError(
            f"measured_elements(physics={type(physics).__name__}): the operator does more than keeping or dropping "
            "elements. Use a method for any linear operator, such as dip."
        )
    return known
