"""When to stop and what to return: the three abstractions, and what combines them."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from oneself.core.state import State

if TYPE_CHECKING:
    from oneself.core.stage import Stage
    from oneself.core.step import Step

__all__ = ["Either", "Last", "Never", "Score", "Seconds", "Selection", "StoppingRule"]


class Score(State, ABC):
    """A number per step that is known without the truth; lower is better.

    However many rules and selections share a score, it is computed once a step. It stays on the device, and is
    ``inf`` while it cannot be told yet.
    """

    name: str
    pointwise = False
    """Whether it adds up the elements of outputs one by one, which not all domains allow."""

    def __init__(self) -> None:
        super().__init__()
        self._memo: tuple[Step, Tensor] | None = None

    @abstractmethod
    def measure(self, step: Step) -> Tensor: ...

    def forward(self, step: Step) -> Tensor:
        if self._memo is None or self._memo[0] is not step:
            self._memo = (step, self.measure(step).detach())
        return self._memo[1]


class StoppingRule(State, ABC):
    """When to stop: ``rule(step)`` is a boolean tensor on the device. Rules combine with ``|`` and ``&``."""

    fired: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("fired", torch.tensor(False))

    @abstractmethod
    def met(self, step: Step) -> Tensor: ...

    @abstractmethod
    def reason(self) -> str:
        """Why this rule stopped the run, in words."""

    def forward(self, step: Step) -> Tensor:
        return self.register("fired", self.met(step).to(step.device))

    def __or__(self, other: StoppingRule) -> Either:
        return Either(self, other)


class Never(StoppingRule):
    """The steps decide."""

    def met(self, step: Step) -> Tensor:
        return torch.zeros((), dtype=torch.bool)

    def reason(self) -> str:
        return "nothing"


class Either(StoppingRule):
    """Stops when one of two rules does; both always advance."""

    def __init__(self, first: StoppingRule, second: StoppingRule) -> None:
        super().__init__()
        self.first, self.second = first, second

    def met(self, step: Step) -> Tensor:
        met: Tensor = self.first(step) | self.second(step)
        return met

    def reason(self) -> str:
        return " and ".join(rule.reason() for rule in (self.first, self.second) if bool(rule.registered("fired")))


class Seconds(StoppingRule):
    """Stops when the time allowed is used up.

    Parameters
    ----------
    seconds : float
        Time allowed, counted over interruptions.
    reserve : float
        Time kept back for making the answer, in steps' worth.
    """

    elapsed: Tensor

    def __init__(self, seconds: float, reserve: float = 0.0) -> None:
        super().__init__()
        if not seconds > 0:
            raise ValueError(f"Seconds(seconds={seconds}): the time allowed must be above 0. Give seconds, or none.")
        self.seconds, self.reserve = seconds, reserve
        self.register_buffer("elapsed", torch.zeros((), dtype=torch.float64))
        self._spent, self._last = 0.0, time.monotonic()
        self._steps, self._warm = 0, 0.0

    def met(self, step: Step) -> Tensor:
        now = time.monotonic()
        self._spent, self._last = self._spent + now - self._last, now
        self.elapsed.fill_(self._spent)
        self._steps += 1
        if self._steps == 1:  # it also warms up: what it took says nothing of the others
            self._warm = self._spent
        per_step = (self._spent - self._warm) / max(1, self._steps - 1)
        return torch.tensor(self._spent + self.reserve * per_step >= self.seconds)

    def _load_from_state_dict(self, *args: Any) -> None:
        super()._load_from_state_dict(*args)
        self._spent = max(self._spent, float(self.elapsed))  # going back after a fall gives no time back

    def reason(self) -> str:
        return f"the time allowed ({self.seconds:g} s) was used up"


class Selection(State, ABC):
    """Which iterate is the answer. *When to stop* and *what to return* are different questions."""

    pointwise = False
    """Whether it adds up the elements of outputs one by one, which not all domains allow."""

    @abstractmethod
    def update(self, step: Step) -> None: ...

    @abstractmethod
    def answer(self, stage: Stage) -> Tensor: ...

    def parts(self) -> Mapping[str, Tensor]:
        """What it knows besides the answer, by name, such as an ``uncertainty``."""
        return {}

    def words(self) -> str:
        """What was kept, in words."""
        return "the last iterate"


class Last(Selection):
    """The stage's estimate after the last step."""

    def update(self, step: Step) -> None:
        """Nothing to remember."""

    def answer(self, stage: Stage) -> Tensor:
        return stage.estimate()
