"""The promise that a run saved to a file and read back goes on exactly."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from oneself.core import Result, runner
from oneself.testing.cases import Case
from oneself.testing.promise import require

__all__ = ["check_resume_is_exact"]

REMEMBERED = 4  # steps between two states that the loop remembers here, so that few steps tell


def check_resume_is_exact(case: Case) -> None:
    """Resumed early, where the loop remembers a state, late, and at every border of stages: the same bits."""
    with patch.object(runner, "GUARD", REMEMBERED):
        _check_points(case)


def _check_points(case: Case) -> None:
    long = case.taking(steps=2 * REMEMBERED + 2)
    whole = case.run(**long).finish()
    borders = list(accumulate(stage.steps for stage in whole.stages))
    points = {1, REMEMBERED, borders[-1] - 1, *borders} & set(range(1, borders[-1] + 1))
    with TemporaryDirectory() as folder:
        run = case.run(**long)
        for taken, _ in enumerate(run, 1):
            if taken in points:
                run.save(Path(folder) / str(taken))
        require(case.same(run.answer, whole.answer), case, "saving changed the answer")
        for point in sorted(points):
            again = case.run(**long)
            again.load(Path(folder) / str(point))
            _same(whole, again.finish(), case, point)


def _same(whole: Result[Any], resumed: Result[Any], case: Case, point: int) -> None:
    where = f"resumed after step {point}"
    require(case.same(whole.answer, resumed.answer), case, f"{where}, the answer is another")
    require(whole.stages == resumed.stages, case, f"{where}, the run ended otherwise: {resumed.stopped_by}")
    require(_bits(whole.history) == _bits(resumed.history), case, f"{where}, the history is another")


def _bits(history: Mapping[str, list[float]]) -> dict[str, list[str]]:
    return {name: [value.hex() for value in trace] for name, trace in history.items()}
