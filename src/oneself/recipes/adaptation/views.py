"""A denoiser's mean over the eight flips and rotations of a picture, a view a step."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from oneself.core import Stage
from oneself.operators.alignment import Turn
from oneself.recipes.adaptation.calling import whole

__all__ = ["Aside", "MeanOfViews", "aside"]


class MeanOfViews(Stage):
    """``mean over views of back(f(view(x)))`` of several pictures, of which the first is the one looked at.

    Parameters
    ----------
    f : callable
        The denoiser, ``(B, C, H, W)``.
    pictures : Tensor
        ``(N, C, H, W)``.
    views : sequence of Turn
    tile : int
        Side of the tiles that larger pictures are denoised in.
    """

    total: Tensor
    taken: Tensor

    def __init__(self, f: Callable[[Tensor], Tensor], pictures: Tensor, views: Sequence[Turn], tile: int) -> None:
        super().__init__(steps=len(views))
        self._watched, self.pictures, self.views, self.tile = (f,), pictures, views, tile  # hidden from torch
        self.register_buffer("total", torch.zeros_like(pictures))
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))

    def solve(self) -> Mapping[str, Tensor]:
        view = self.views[int(self.taken)]
        made = view.back(whole(self._watched[0], view(self.pictures).contiguous(), self.tile))
        self.total += made
        self.taken += 1
        return {"removed": (made - self.pictures).square().mean()}

    def made(self) -> Tensor:
        """What became of all pictures, ``(N, C, H, W)``."""
        return self.total / self.taken.clamp(min=1) if self.taken else self.pictures.clone()

    def estimate(self) -> Tensor:
        return self.made()[:1]


class Aside(Stage):
    """A stage whose work is on something else than the picture: what is shown meanwhile stays as it was.

    Parameters
    ----------
    inner : Stage
        Without learners.
    shown : Tensor
    """

    def __init__(self, inner: Stage, shown: Tensor) -> None:
        super().__init__(steps=inner.steps)
        self.inner, self.shown = inner, shown

    def solve(self) -> Mapping[str, Tensor]:
        return self.inner.solve()

    def estimate(self) -> Tensor:
        return self.shown.clone()


def aside(stages: Generator[Stage, Stage, Tensor], shown: Tensor) -> Generator[Stage, Stage, Tensor]:
    """The stages of another generator, each of them aside; returns what that returns."""
    stage = next(stages)
    while True:
        done: Any = yield Aside(stage, shown)
        try:
            stage = stages.send(done.inner)
        except StopIteration as end:
            made: Tensor = end.value
            return made
