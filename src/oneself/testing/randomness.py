"""Promises about chance: the same seed gives the same answer, whatever goes on around the run."""

from __future__ import annotations

from itertools import zip_longest

from oneself.testing.cases import OTHER_SEED, Case
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
    first = case.whole.answer
    require(case.same(first, case.again.answer), case, "one seed gave two answers")
    same = case.same(first, case.other_seed.answer)
    if case.method.deterministic:
        require(same, case, "it is said to be deterministic, and two seeds gave two answers")
    else:
        require(not same, case, "two seeds gave one answer")


def check_callers_random_state(case: Case) -> None:
    """The caller's random state (torch, numpy, python) is neither moved nor reset, whatever is asked of the run."""
    moved = case.watched.moved
    require(not moved, case, f"{moved[0] if moved else ''} moved the caller's random state")


def check_looking_changes_nothing(case: Case) -> None:
    """Clean looks, answers, saved states and the caller's own draws between steps leave the answer as it is."""
    seen = case.watched.result
    require(case.same(case.whole.answer, seen.answer), case, "looking changed the answer")
    require(case.whole.stages == seen.stages, case, "looking changed when the run stopped")


def check_interleaved_runs(case: Case) -> None:
    """Two runs that take turns give what each gives alone."""
    alone = [case.whole.answer, case.other_seed.answer]
    runs = [case.run(seed=seed) for seed in (0, OTHER_SEED)]
    for _ in zip_longest(*runs):
        pass
    same = all(case.same(answer, run.answer) for answer, run in zip(alone, runs, strict=True))
    require(same, case, "two interleaved runs disturbed each other")
