"""ZSSR's learning rate: cut when the fit no longer falls, and stop when it is spent."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from oneself.core import Score, Step, StoppingRule

__all__ = ["Reconstruction", "SlopeCuts"]

EVERY, SPAN = 50, 256  # steps between two looks at the score, and steps that a line is fitted to
SPENT = 9e-3  # the factor of the learning rate below which the run stops


class Reconstruction(Score):
    """How well the network makes the measurement from its own shrunken copy: mean squared error, every 50 steps.

    Parameters
    ----------
    gap : callable
        The network's answer less what it should be.
    """

    name = "reconstruction"
    value: Tensor

    def __init__(self, gap: Callable[[], Tensor]) -> None:
        super().__init__()
        self.gap = gap

    def measure(self, step: Step) -> Tensor:
        if step.index % EVERY == 0 or self.registered("value") is None:
            self.register("value", self.gap().float().square().mean())
        return self.value.clone()


class SlopeCuts(StoppingRule):
    """Divides the learning rate when a score has stopped falling; stops the run when the rate is spent.

    A line is fitted to the score's last values; where ``-1.5 slope`` is at most the slope's standard deviation, the
    rate is divided by 10, but not twice within 256 steps. ``factor`` is what the rate stands at.

    Parameters
    ----------
    score : Score

    Notes
    -----
    Shocher, Cohen, Irani. "Zero-shot" super-resolution using deep internal learning. CVPR 2018 (from its code).
    """

    values: Tensor
    factor: Tensor
    cut_at: Tensor

    def __init__(self, score: Score) -> None:
        super().__init__()
        self.score = score
        self.register_buffer("values", torch.full((SPAN // EVERY,), torch.nan, dtype=torch.float64))
        self.register_buffer("factor", torch.tensor(1.0))
        self.register_buffer("cut_at", torch.tensor(0))

    def schedule(self, progress: float) -> float:
        """For ``Learner.schedule``: what the rate is multiplied by now."""
        return float(self.factor)

    def met(self, step: Step) -> Tensor:
        value = self.score(step)
        if step.index % EVERY == 0:
            self.values.copy_(torch.cat([self.values[1:], value.double()[None]]))
            cut = self.level() & (step.index - self.cut_at >= SPAN)
            self.factor.copy_(torch.where(cut, self.factor / 10, self.factor))
            self.cut_at.copy_(torch.where(cut, step.index, self.cut_at))
        return self.factor < SPENT

    def level(self) -> Tensor:
        """Whether the last values no longer fall, beyond what their scatter leaves open."""
        n = self.values.numel()
        t = EVERY * (torch.arange(n, dtype=torch.float64, device=self.values.device) - (n - 1) / 2)
        slope = (t * self.values).sum() / t.square().sum()
        rest = self.values - self.values.mean() - slope * t
        deviation = (rest.square().sum() / (n - 2) / t.square().sum()).sqrt()
        level: Tensor = -1.5 * slope <= deviation
        return level

    def reason(self) -> str:
        return f"{self.score.name} had levelled out at every learning rate"
