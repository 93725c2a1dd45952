"""A run watched past its own stop: what it would have returned is what it returns."""

import itertools
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from oneself.core import Run
from oneself.registry import find
from oneself.testing import psnr
from oneself.testing.pictures import noisy, picture

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import beyond
from beyond import watch

SMALL = {"width": 8, "levels": 2, "skip": 2, "code": 4}
OPTIONS = {**SMALL, "start": 0, "patience": 4, "stop": "variance", "window": 3}


def test_what_is_watched_is_what_a_run_returns() -> None:
    x = picture(16, 16)
    y = noisy(x, 0.1)
    alone = Run(find("dip"), y, device="cpu", steps=60, **OPTIONS).finish()
    seen = watch(find("dip"), y, None, x, longer=2, device="cpu", steps=60, **OPTIONS)
    assert seen.stopped
    assert alone.steps == seen.stop_step < 60
    assert torch.equal(seen.returned, alone.image)
    assert len(seen.curve) == 2 * seen.stop_step


def test_all_steps_are_taken_where_nothing_stops_it() -> None:
    x = picture(16, 16)
    options = {**SMALL, "stop": "never"}
    seen = watch(find("dip"), noisy(x, 0.1), None, x, until=6, device="cpu", **options)
    assert (seen.stopped, len(seen.curve), seen.stop_step) == (False, 6, 6)
    assert seen.curve[-1] == pytest.approx(psnr(seen.last.clamp(0, 1), x))


def test_all_its_steps_are_its_own_stop() -> None:
    x = picture(16, 16)
    seen = watch(find("dip"), noisy(x, 0.1), None, x, longer=3, steps=5, device="cpu", **{**SMALL, "stop": "never"})
    assert (seen.stop_step, len(seen.curve)) == (5, 15)


def test_its_time_is_that_of_its_steps_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()
    monkeypatch.setattr(beyond, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    x = picture(16, 16)
    seen = watch(find("dip"), noisy(x, 0.1), None, x, longer=2, steps=4, device="cpu", **{**SMALL, "stop": "never"})
    assert (seen.stop_step, seen.seconds, len(seen.curve)) == (4, 4.0, 8)


def test_a_given_length_is_kept_past_the_stop_and_an_average_of_its_own_is_last() -> None:
    x = picture(16, 16)
    seen = watch(find("dip"), noisy(x, 0.1), None, x, until=45, device="cpu", steps=60, **OPTIONS)
    assert seen.stopped
    assert seen.stop_step < 40 < len(seen.curve) == 45
    options = {**SMALL, "stop": "never", "average": 0.5}
    seen = watch(find("dip"), noisy(x, 0.1), None, x, until=6, device="cpu", **options)
    assert torch.equal(seen.last, seen.returned)
    assert seen.curve[-1] != pytest.approx(psnr(seen.last.clamp(0, 1), x))
