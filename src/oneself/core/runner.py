"""One stage in progress: its steps, its stop, its falls and their repair."""

from __future__ import annotations

import copy
import math
import time
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor

from oneself.core.compute import Compute
from oneself.core.context import own_context
from oneself.core.objective import total
from oneself.core.randomness import Randomness
from oneself.core.result import StageRecord
from oneself.core.stage import Learner, Stage
from oneself.core.step import Step
from oneself.core.stopping import Score, Seconds, StoppingRule

__all__ = ["Diverged", "StageRunner"]

GUARD = 50  # steps between two looks at the objective's health, each of which remembers a state to go back to
SETBACKS = 3  # falls after which a stage ends with its last good state
NOTHING = 1e-12  # what an objective may rise to from anything below: there it is rounding
WARM = 5  # steps after which the rate is known well enough to fit a schedule into the time allowed


class Diverged(ArithmeticError):
    """A run fell apart before it had a usable answer."""


class StageRunner:
    """Moves a stage's learners step by step.

    Parameters
    ----------
    number : int
        Which stage of the method.
    seconds : float or None
        Time allowed.
    planned : int or None
        Steps that the schedule is laid out for, to repeat a run that time had shortened.
    limit : int or None
        Steps after which to end all the same, likewise.
    """

    def __init__(
        self,
        number: int,
        stage: Stage,
        stream: Randomness,
        compute: Compute,
        *,
        seconds: float | None = None,
        planned: int | None = None,
        limit: int | None = None,
    ) -> None:
        self.number, self.stream, self.compute, self.seconds, self.limit = number, stream, compute, seconds, limit
        stage.stop = stage.stop | Seconds(math.inf if seconds is None else seconds, reserve=stage.answer_cost)
        self.stage = compute.place(stage)
        self.learners = [self._ready(learner) for learner in stage.learners()]
        self.optimisers = [
            learner.optimiser([p for p in learner.module.parameters() if p.requires_grad]) for learner in self.learners
        ]
        self.rates = [[group["lr"] for group in optimiser.param_groups] for optimiser in self.optimisers]
        self.scores = [module for module in stage.modules() if isinstance(module, Score)]
        self.rules = [module for module in stage.stop.modules() if isinstance(module, StoppingRule)]
        self.index, self.setbacks, self.stopped_by = 0, 0, ""
        self.planned, self._given_plan = stage.steps, planned
        self.history: list[dict[str, Tensor]] = []
        self._wants_stop = torch.tensor(False, device=compute.device)
        self._broken = torch.tensor(False, device=compute.device)
        self._reference, self._good_at, self._good = math.inf, 0, self._freeze()
        self._began = self._warmed = time.monotonic()

    def _ready(self, learner: Learner) -> Learner:
        terms = self.compute.compiled(learner.terms)
        return Learner(learner.module, learner.draw, terms, learner.optimiser, learner.schedule, learner.repeats)

    @property
    def finished(self) -> bool:
        return bool(self.stopped_by)

    @property
    def record(self) -> StageRecord:
        return StageRecord(self.planned, self.index, self.stopped_by or "the caller")

    def advance(self) -> Step:
        """Move every learner once; look after the step."""
        self._plan()
        with self.stream, self.compute.active(), ExitStack() as first:
            if self.index == 0 and not self.compute.compile:
                first.enter_context(self.compute.bounded())
            terms = self._move()
        # laid out as what a checkpoint brings back: sums over another layout differ in their last bits
        output = None if self.stage.last_output is None else self.stage.last_output.contiguous()
        step = Step(self.number, self.index, self.planned, self.compute.device, terms, output, self.estimate)
        with torch.no_grad(), self.stream.fork():
            step.scores = {score.name: score(step) for score in self.scores}
            self.stage.selection.update(step)
            self._ask_to_stop(step)
        self._broken |= ~torch.isfinite(total(terms))
        self.history.append({**terms, **step.scores})
        self.index += 1
        if self.index == 1:
            self._warmed = time.monotonic()  # the first step also warms up: what it took says nothing of the others
        self._look_after(terms)
        return step

    def _ask_to_stop(self, step: Step) -> None:
        """What was met first stays so until the host asks for the reason, which may be some steps later."""
        before = [rule.fired.clone() for rule in self.rules]
        met = self.stage.stop(step)
        for rule, fired in zip(self.rules, before, strict=True):
            rule.fired.copy_(torch.where(self._wants_stop, fired, rule.fired))
        self._wants_stop |= met

    def _plan(self) -> None:
        if self.index != WARM or not any(learner.schedule for learner in self.learners):
            return
        if self._given_plan is not None:
            self.planned = self._given_plan
        elif self.seconds is not None:
            now = time.monotonic()
            step, left = (now - self._warmed) / (WARM - 1), self.seconds - (now - self._began)
            within = WARM + 0.9 * left / max(step, 1e-9) - self.stage.answer_cost
            self.planned = max(WARM + 1, int(min(self.planned, within)))

    def _move(self) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for learner, optimiser, rates in zip(self.learners, self.optimisers, self.rates, strict=True):
            if learner.schedule is not None:
                factor = learner.schedule(min(1.0, self.index / self.planned))
                for group, rate in zip(optimiser.param_groups, rates, strict=True):
                    group["lr"] = rate * factor
            for _ in range(learner.repeats):
                optimiser.zero_grad(set_to_none=True)
                terms = learner.terms(learner.draw())
                torch.autograd.backward(total(terms))
                optimiser.step()
            found |= {name: value.detach() for name, value in terms.items()}
        with torch.no_grad():
            found |= {name: value.detach() for name, value in self.stage.solve().items()}
            self.stage.after_step()
        return found

    def _look_after(self, terms: dict[str, Tensor]) -> None:
        last = self.index >= min(self.planned, self.limit or self.planned)
        wants_stop = (last or self.index % self.compute.cadence == 0) and bool(self._wants_stop)
        if last or wants_stop or self.index % GUARD == 0:
            self._guard(float(total(terms)))
        if self.finished:
            return
        if wants_stop and bool(self._wants_stop):
            reason, returned = self.stage.stop.reason(), self.stage.selection.words()
            self.stopped_by = f"{reason}, at step {self.index}; returned {returned}"
        elif last:
            self.stopped_by = f"all {self.index} steps were taken; returned {self.stage.selection.words()}"

    def _guard(self, value: float) -> None:
        """Remember a healthy state; go back to the last one after a fall."""
        if not bool(self._broken) and value <= self.stage.rise * max(self._reference, NOTHING):
            self._reference, self._good_at, self._good = value, self.index, self._freeze()
            return
        self._thaw(self._good)
        self._broken.fill_(False)
        self._wants_stop.fill_(False)
        self.setbacks += 1
        if self.setbacks < SETBACKS and self.index < self.planned:
            return
        if self._good_at == 0:
            raise Diverged(
                f"{type(self.stage).__name__}: the objective left the finite numbers within {GUARD} steps. "
                "Check the measurement's range, or lower the learning rate."
            )
        self.stopped_by = (
            f"it diverged {self.setbacks} times, last at step {self.index}; returned what stood at step {self._good_at}"
        )

    def _freeze(self) -> dict[str, Any]:
        return copy.deepcopy(
            {"stage": self.stage.state_dict(), "optimisers": [optimiser.state_dict() for optimiser in self.optimisers]}
        )

    def _thaw(self, frozen: dict[str, Any]) -> None:
        self.stage.load_state_dict(frozen["stage"])
        self.compute.place(self.stage)
        for optimiser, state in zip(self.optimisers, frozen["optimisers"], strict=True):
            optimiser.load_state_dict(copy.deepcopy(state))

    @own_context()
    def estimate(self) -> Tensor:
        """A clean look at what is estimated as it stands."""
        with torch.no_grad(), self.stream.fork(), self.compute.active():
            return self.stage.estimate().float()

    def answer(self) -> Tensor:
        """What the stage's selection holds to be the answer."""
        with torch.no_grad(), self.stream.fork(), self.compute.active():
            return self.stage.answer().float()

    def traces(self) -> dict[str, Tensor]:
        """Every term and score, step by step; NaN where a step had none."""
        names = list(dict.fromkeys(name for values in self.history for name in values))
        nan = torch.tensor(math.nan, device=self.compute.device)
        return {name: torch.stack([v.get(name, nan).float() for v in self.history]).cpu() for name in names}

    def state_dict(self) -> dict[str, Any]:
        return copy.deepcopy(
            self._freeze()
            | {
                "index": self.index,
                "planned": self.planned,
                "setbacks": self.setbacks,
                "stopped_by": self.stopped_by,
                "stream": self.stream.states,
                "traces": self.traces(),
                "flags": [self._wants_stop, self._broken],
                "good": [self._reference, self._good_at, self._good],
                "seconds": time.monotonic() - self._began,
            }
        )

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._thaw(state)
        self.index, self.planned, self.setbacks = state["index"], state["planned"], state["setbacks"]
        self.stopped_by = state["stopped_by"]
        self.stream.resume(state["stream"])
        traces = [trace.to(self._wants_stop.device) for trace in state["traces"].values()]
        rows = zip(*traces, strict=True)
        self.history = [dict(zip(state["traces"], row, strict=True)) for row in rows]
        for flag, saved in zip((self._wants_stop, self._broken), state["flags"], strict=True):
            flag.copy_(saved)
        self._reference, self._good_at, self._good = state["good"]
        self._began = time.monotonic() - state["seconds"]
