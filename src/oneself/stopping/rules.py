"""When to stop."""

from __future__ import annotations

import torch
from torch import Tensor

from oneself.core import Rule, Score, Step

__all__ = ["Below", "Patience", "Plateau"]


class Patience(Rule):
    """Stops once a score has not improved for ``steps`` steps, but never before step ``start``."""

    best: Tensor
    waited: Tensor

    def __init__(self, score: Score, steps: int, start: int = 0) -> None:
        super().__init__()
        self.score, self.steps, self.start = score, steps, start
        self.register_buffer("best", torch.tensor(torch.inf))
        self.register_buffer("waited", torch.tensor(0))

    def met(self, step: Step) -> Tensor:
        value = self.score(step)
        better = (value < self.best) | torch.isinf(self.best)
        self.waited.copy_(torch.where(better, 0, self.waited + 1))
        self.best.copy_(torch.minimum(value, self.best))
        return (self.waited >= self.steps) & torch.tensor(step.index >= self.start, device=value.device)

    def reason(self) -> str:
        return f"{self.score.name} had not improved for {self.steps} steps"


class Below(Rule):
    """Stops once a score is at most ``threshold``, but never before step ``start``."""

    def __init__(self, score: Score, threshold: float, start: int = 0) -> None:
        super().__init__()
        self.score, self.threshold, self.start = score, threshold, start

    def met(self, step: Step) -> Tensor:
        value = self.score(step)
        met: Tensor = (value <= self.threshold) & torch.tensor(step.index >= self.start, device=value.device)
        return met

    def reason(self) -> str:
        return f"{self.score.name} fell to {self.threshold:g}"


class Plateau(Rule):
    """Stops once a score's mean over ``window`` steps is less than ``tolerance`` (relative) below the window before."""

    sums: Tensor

    def __init__(self, score: Score, window: int = 200, tolerance: float = 1e-2) -> None:
        super().__init__()
        self.score, self.window, self.tolerance = score, window, tolerance
        self.register_buffer("sums", torch.zeros(2, dtype=torch.float64))

    def met(self, step: Step) -> Tensor:
        value = self.score(step)
        self.sums[1] += value
        done = torch.zeros((), dtype=torch.bool, device=value.device)
        if (step.index + 1) % self.window == 0:
            before, now = self.sums
            done = (before > 0) & (now > (1 - self.tolerance) * before) & torch.isfinite(before)
            self.sums.copy_(torch.stack([now, torch.zeros_like(now)]))
        return done

    def reason(self) -> str:
        return f"{self.score.name} had levelled out"
