"""Runs in several threads give what they give alone, take turns, and leave the caller's state as it is."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

import oneself
from oneself.core import Identity, callers_context, own_context
from oneself.core.turns import TURN, Turn

from .entries import GRAY, QUICK, SMALL, given, same, state, tensor

THREADS = 4
KINDS: dict[str, dict[str, Any]] = {  # pairs, a prior, closed forms, dropout and averaging, several stages
    "zs_n2n": {"steps": 6},
    "dip": SMALL,
    "nonlocal_wiener": {},
    "self2self": {**SMALL, "samples": 2},
    "singan": {"steps": 2, "width": 8},
}


def answer(key: str, seed: int = 0) -> torch.Tensor:
    run = oneself.Run(key, tensor(), seed=seed, device="cpu", **KINDS[key])
    for number, step in enumerate(run):
        if number == 1:
            assert step.estimate is not None
            run.state_dict()
    return run.answer


@pytest.fixture
def eager() -> Iterator[None]:
    """Threads change places as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def together(work: list[Callable[[], Any]]) -> list[Any]:
    """What functions give that begin at the same moment, each in a thread."""
    start = threading.Barrier(len(work))

    def begin(one: Callable[[], Any]) -> Any:
        start.wait()
        return one()

    with ThreadPoolExecutor(len(work)) as threads:
        return [done.result(timeout=60) for done in [threads.submit(begin, one) for one in work]]


def test_methods_in_threads(eager: None) -> None:
    """Each thread runs every method with a seed of its own, beginning with another one."""
    keys = list(KINDS)
    alone = {(key, seed): answer(key, seed) for key in keys for seed in range(THREADS)}
    before = state()

    def all_of(seed: int) -> dict[tuple[str, int], torch.Tensor]:
        return {(key, seed): answer(key, seed) for key in keys[seed:] + keys[:seed]}

    for found in together([lambda seed=seed: all_of(seed) for seed in range(THREADS)]):
        assert [key for key, image in found.items() if not torch.equal(image, alone[key])] == []
    assert state() == before


def test_entries_in_threads(eager: None) -> None:
    names = ["denoise", "inpaint", "calibrate", "animate", "Model", "extrapolate"]
    alone = {name: given(name) for name in names}
    before = state()
    for name, found in zip(names, together([lambda name=name: given(name) for name in names]), strict=True):
        assert same(found, alone[name]), name
    assert state() == before


def test_another_default_dtype_in_threads(eager: None) -> None:
    alone = given("denoise")
    torch.set_default_dtype(torch.float64)
    try:
        for found in together([lambda: given("denoise")] * 3):
            assert same(found, alone)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_runs_take_turns_step_by_step() -> None:
    """None waits for another to end: a lock that is free for a moment alone would stay with whoever had it."""
    order: list[str] = []
    begun = threading.Barrier(2)

    def watched(name: str) -> None:
        begun.wait()
        with own_context():
            for _ in range(20):
                time.sleep(1e-3)
                order.append(name)
                with callers_context():
                    pass

    together([lambda name=name: watched(name) for name in "ab"])
    changes = sum(one != other for one, other in pairwise(order))
    assert changes >= 20


class Failing(Identity):
    """Fails at the sixth look."""

    def __init__(self) -> None:
        self.looks = 0

    def A(self, x: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        self.looks += 1
        if self.looks == 6:
            raise ZeroDivisionError
        return x


def test_an_error_in_a_thread_leaves_the_others_alone() -> None:
    wanted = oneself.denoise(GRAY, **QUICK)

    def failing() -> None:
        with pytest.raises(ZeroDivisionError):
            oneself.restore(tensor(), Failing(), "dip", device="cpu", **{**SMALL, "steps": 9})

    for found in together([failing, lambda: oneself.denoise(GRAY, **QUICK), failing])[1:2]:
        assert np.array_equal(found, wanted)
    assert TURN._owner is None


def test_a_function_of_the_callers_may_use_threads_of_its_own() -> None:
    """Within a super-resolver of the caller's another thread may run; the turn is not kept from it."""

    def enlarge(small: np.ndarray) -> np.ndarray:
        (clean,) = together([lambda: oneself.denoise(small, data_range=1.0, **QUICK)])
        return np.repeat(np.repeat(clean, 2, 0), 2, 1)

    made = oneself.correct(np.tile(GRAY, (2, 2)), 2, super_resolver=enlarge, rounds=1, device="cpu")
    assert made.shape == (48, 40)


def test_an_interrupted_wait_is_given_up() -> None:
    """Ctrl-C while waiting leaves the turn to whoever has it, and to those who come after."""
    turn = Turn()

    class Gate:
        def __init__(self) -> None:
            self.calls = 0

        def acquire(self) -> None:
            self.calls += 1
            if self.calls == 2:  # the first closes it
                raise KeyboardInterrupt

        def release(self) -> None: ...

    held, done = threading.Event(), threading.Event()

    def keep() -> None:
        with turn:
            held.set()
            done.wait(10)

    keeper = threading.Thread(target=keep)
    keeper.start()
    held.wait(10)
    with pytest.MonkeyPatch.context() as patch:
        guard = turn._guard
        patch.setattr("oneself.core.turns.threading.Lock", Gate)
        with pytest.raises(KeyboardInterrupt):
            turn.take()
    assert turn._guard is guard
    assert not turn.wanted
    done.set()
    keeper.join(10)
    with turn:
        assert turn._owner == threading.get_ident()
