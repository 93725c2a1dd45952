"""A run that is looked at from all sides at every step: what several promises are checked on."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from oneself.core import Result, Run, Step

if TYPE_CHECKING:
    from oneself.testing.cases import Case

__all__ = ["Watched", "watch"]


@dataclass(frozen=True)
class Watched:
    """What was seen of a run: its result, and in words what of it is no answer, where the caller's random state was
    moved, and what of the caller's was written to."""

    result: Result[Any]
    unfit: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def watch(case: Case) -> Watched:
    """Run a case to its end; where it is the first, with looks, answers, saved states and the caller's own draws
    between the steps."""
    unfit: list[str] = []
    moved: list[str] = []
    before, states = _random_state(), {name: value.clone() for name, value in _tensors(case.physics)}
    y = case.method.domain.own(case.y, torch.device("cpu"))
    run = case.run(y)
    moved += ["making a run"] * (_random_state() != before)
    for taken, step in enumerate(run):
        unfit += _unfit_step(case, step)
        with torch.random.fork_rng(devices=[]):
            torch.randn(7)
        if case.first and taken % 3 == 0:
            run.state_dict()
            assert step.estimate is not None
            assert run.answer is not None
        moved += ["a step or a look"] * (_random_state() != before)
    with TemporaryDirectory() as folder:
        run.save(Path(folder) / "checkpoint")
    result = run.result()
    unfit += _unfit_look(case, run, step)
    moved += ["saving or the result"] * (_random_state() != before)
    unfit += _unfit(case, "the answer", result.answer)
    if {len(trace) for trace in result.history.values()} != {result.steps}:
        unfit.append("the history has not one value a step")
    seen = Watched(copy.deepcopy(result), unfit, moved)
    case.scribble(result.answer)
    seen.changed.extend(_changed(case, y, states))
    return seen


def _unfit_step(case: Case, step: Step) -> list[str]:
    found = [] if all(value.shape == () for value in step.terms.values()) else ["a term is no scalar"]
    output = None if step.output is None else case.method.answers.answer(step.output, case.y)
    return found + _unfit(case, "a step's output", output)


def _unfit_look(case: Case, run: Run, last: Step) -> list[str]:
    look = last.estimate
    found = _unfit(case, "a clean look", case.method.answers.answer(look, case.y))
    found += ["a clean look is on another device"] * (look.device != run.compute.device)
    return found + ["a clean look carries a graph"] * look.requires_grad


def _unfit(case: Case, what: str, x: Any) -> list[str]:
    """Why it is no answer, finite and of the right size."""
    wrong = "" if x is None else case.why_unfit(x)
    return [f"{what} is no answer: {wrong}"] if wrong else []


def _changed(case: Case, y: Any, states: dict[str, Tensor]) -> list[str]:
    now = dict(_tensors(case.physics))
    kept = states.keys() == now.keys() and all(torch.equal(states[name], now[name]) for name in states)
    return ["the measurement"] * (not case.same(y, case.y)) + ["the operator"] * (not kept)


def _tensors(physics: Any) -> Iterator[tuple[str, Tensor]]:
    if isinstance(physics, torch.nn.Module):
        yield from physics.state_dict().items()
    yield from ((name, value) for name, value in vars(physics).items() if isinstance(value, Tensor))


def _random_state() -> tuple[Any, ...]:
    _, keys, *rest = np.random.get_state()
    return torch.get_rng_state().numpy().tobytes(), random.getstate(), np.asarray(keys).tobytes(), tuple(rest)
