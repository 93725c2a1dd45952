"""Promises about chance: the same seed gives the same answer, whatever goes on around the run."""

from __future__ import annotations

import random
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from oneself.testing.cases import Case
from oneself.testing.promise import require

__all__ = [
    "check_callers_random_state",
    "check_interleaved_runs",
    "check_looking_changes_nothing",
    "check_same_seed_same_bits",
]


def check_same_seed_same_bits(case: Case) -> None:
    """Same seed, same bits; another seed, another answer unless the method is deterministic; the caller's seed counts
    for nothing."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        first = case.whole.answer
        torch.manual_seed(2)
        require(case.same(first, case.run().finish().answer), case, "one seed gave two answers")
    same = case.same(first, case.run(seed=4).finish().answer)
    if case.method.deterministic:
        require(same, case, "it is said to be deterministic, and two seeds gave two answers")
    else:
        require(not same, case, "two seeds gave one answer")


def check_callers_random_state(case: Case) -> None:
    """The caller's random state (torch, numpy, python) is neither moved nor reset, whatever is asked of the run."""
    before = _random_state()
    run = case.run()
    require(_random_state() == before, case, "making a run moved the caller's random state")
    for step in run:
        assert step.estimate is not None
        require(_random_state() == before, case, "a step or a look moved the caller's random state")
    with TemporaryDirectory() as folder:
        run.save(Path(folder) / "checkpoint")
    run.result()
    require(_random_state() == before, case, "saving or the result moved the caller's random state")


def _random_state() -> tuple[Any, ...]:
    _, keys, *rest = np.random.get_state()
    return bytes(torch.get_rng_state().tolist()), random.getstate(), np.asarray(keys).tobytes(), tuple(rest)


def check_looking_changes_nothing(case: Case) -> None:
    """Clean looks, answers, saved states and the caller's own draws between steps leave the answer as it is."""
    run = case.run()
    for taken, step in enumerate(run):
        assert step.estimate is not None
        with torch.random.fork_rng(devices=[]):
            torch.randn(7)
        if taken % 3 == 0:
            run.state_dict()
            assert run.answer is not None
    seen = run.result()
    require(case.same(case.whole.answer, seen.answer), case, "looking changed the answer")
    require(case.whole.stages == seen.stages, case, "looking changed when the run stopped")


def check_interleaved_runs(case: Case) -> None:
    """Two runs that take turns give what each gives alone."""
    alone = [case.whole.answer, case.run(seed=1).finish().answer]
    runs = [case.run(seed=seed) for seed in (0, 1)]
    for _ in zip_longest(*runs):
        pass
    same = all(case.same(answer, run.answer) for answer, run in zip(alone, runs, strict=True))
    require(same, case, "two interleaved runs disturbed each other")
