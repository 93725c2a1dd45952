"""The mean and the spread of what a sampler visits."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from oneself.core import Selection, Stage, Step

__all__ = ["Posterior"]


class Posterior(Selection):
    """The mean of the iterates after ``burn_in`` steps, and their standard deviation as the part ``uncertainty``.

    Welford's recursion: one pass, no window, no loss of digits.

    Parameters
    ----------
    burn_in : int
        Steps that are left out. Where the run ends before, the last iterate is the answer.
    """

    pointwise = True
    count: Tensor

    def __init__(self, burn_in: int) -> None:
        super().__init__()
        self.burn_in = burn_in
        self.register_buffer("count", torch.tensor(0))

    def update(self, step: Step) -> None:
        if step.index < self.burn_in:
            return
        x = step.seen.float()
        self.count += 1
        mean, squares = self.registered("mean"), self.registered("squares")
        if mean is None or squares is None:
            self.register("mean", x)
            self.register("squares", torch.zeros_like(x))
            return
        gap = x - mean
        mean = self.register("mean", mean + gap / self.count)
        self.register("squares", squares + gap * (x - mean))

    def answer(self, stage: Stage) -> Tensor:
        mean = self.registered("mean")
        return stage.estimate() if mean is None else mean.clone()

    def parts(self) -> Mapping[str, Tensor]:
        """The uncertainty, once there are two samples to tell it."""
        squares, count = self.registered("squares"), int(self.count)
        return {} if squares is None or count < 2 else {"uncertainty": (squares / (count - 1)).sqrt()}

    def words(self) -> str:
        count = int(self.count)
        return f"the mean of {count} samples" if count else "the last iterate, since no step came after the burn-in"
