"""When to stop."""

from __future__ import annotations

import torch
from torch import Tensor

from oneself.core import Score, Step, StoppingRule

__all__ = ["After", "Below", "Patience", "Plateau"]


class Patience(StoppingRule):
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
        self.best.copy_(torch.fmin(value, self.best))
        return (self.waited >= self.steps) & torch.tensor(step.index >= self.start, device=value.device)

    def reason(self) -> str:
        return f"{self.score.name} had not improved for {self.steps} steps"


class Below(StoppingRule):
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


class After(StoppingRule):
    """Stops ``steps`` steps after another rule was first met."""

    since: Tensor

    def __init__(self, rule: StoppingRule, steps: int) -> None:
        super().__init__()
        self.rule, self.steps = rule, steps
        self.register_buffer("since", torch.tensor(-1))

    def met(self, step: Step) -> Tensor:
        begun = self.rule(step) | (self.since >= 0)
        self.since.copy_(torch.where(begun, self.since + 1, self.since))
        return self.since >= self.steps

    def reason(self) -> str:
        return f"{self.rule.reason()}, {self.steps} steps ago" if self.steps else self.rule.reason()


class Plateau(StoppingRule):
    """Stops once a score's mean over ``window`` steps is less than ``tolerance`` (relative) below the window before.

    Never before step ``start``.
    """

    before: Tensor
    total: Tensor
    count: Tensor

    def __init__(self, score: Score, window: int = 200, tolerance: float = 1e-2, start: int = 0) -> None:
        super().__init__()
        self.score, self.window, self.tolerance, self.start = score, window, tolerance, start
        self.register_buffer("before", torch.tensor(torch.inf, dtype=torch.float64))
        self.register_buffer("total", torch.zeros((), dtype=torch.float64))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    def met(self, step: Step) -> Tensor:
        self.total += self.score(step)
        self.count += 1
        full = self.count >= self.window
        mean = self.total / self.count
        done: Tensor = full & (mean > self.before - self.tolerance * self.before.abs()) & torch.isfinite(self.before)
        self.before.copy_(torch.where(full, mean, self.before))
        self.total.masked_fill_(full, 0)
        self.count.masked_fill_(full, 0)
        return done & torch.tensor(step.index >= self.start, device=done.device)

    def reason(self) -> str:
        return f"{self.score.name} had levelled out"
