"""Whatever the caller has set, every way into the library gives the same bits, and what he has set stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache

import numpy as np
import pytest
import torch

import oneself
from oneself.testing import Mask

from .entries import ENTRIES, GRAY, HOLE, QUICK, SMALL, enlarger, given, same, state, tensor


@contextmanager
def floats(dtype: torch.dtype) -> Iterator[None]:
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def everything() -> Iterator[None]:
    with ExitStack() as stack:
        for context in (value for name, value in CONTEXTS.items() if name != "everything"):
            stack.enter_context(context())
        yield


CONTEXTS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "float64": lambda: floats(torch.float64),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "device": lambda: torch.device("meta"),
    "errstate": lambda: np.errstate(all="raise"),
    "everything": everything,
}


@cache
def plain(entry: str) -> list[np.ndarray]:
    return given(entry)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("context", ["everything"])
def test_every_entry(entry: str, context: str) -> None:
    wanted = plain(entry)
    with CONTEXTS[context]():
        before = state()
        found = given(entry)
        after = state()
    assert same(wanted, found)
    assert before == after


@pytest.mark.parametrize("entry", ["denoise", "Run", "Model"])
@pytest.mark.parametrize("context", CONTEXTS)
def test_every_context(entry: str, context: str) -> None:
    test_every_entry(entry, context)


def test_measurements_of_inference_mode_and_of_a_graph() -> None:
    y, mask = tensor(), torch.from_numpy(~HOLE).float().expand(1, 1, *HOLE.shape).clone()
    wanted = oneself.restore(y * mask, Mask(mask), "dip", device="cpu", **SMALL)
    alone = oneself.Run("dip", y * mask, Mask(mask), device="cpu", **SMALL).finish().image
    with torch.inference_mode():
        made = y * mask, Mask(mask.clone())
    leaf = mask.clone().requires_grad_()
    for measured, operator in (made, (y * leaf, Mask(leaf))):
        assert torch.equal(oneself.restore(measured, operator, "dip", device="cpu", **SMALL), wanted)
        run = oneself.Run("dip", measured, operator, device="cpu", **SMALL)
        assert torch.equal(run.finish().image, alone)
        assert not wanted.requires_grad
    assert leaf.grad is None
    assert made[1].known.is_inference()  # the caller's own is left as it is


def test_pictures_of_inference_mode_and_of_a_graph() -> None:
    wanted = oneself.denoise(tensor(), **QUICK)
    with torch.inference_mode():
        made = tensor()
    for picture in (made, tensor().requires_grad_() * 1, torch.nn.Parameter(tensor())):
        found = oneself.denoise(picture, **QUICK)
        assert torch.equal(found, wanted)
        assert not found.requires_grad
    holed = oneself.inpaint(tensor(), HOLE, "dip", device="cpu", **SMALL)
    assert torch.equal(oneself.inpaint(tensor().requires_grad_(), HOLE, "dip", device="cpu", **SMALL), holed)


def test_arrays_of_a_subclass() -> None:
    matrix = GRAY.view(np.matrix)
    assert np.array_equal(oneself.denoise(matrix, **QUICK), oneself.denoise(GRAY, **QUICK))
    found = oneself.inpaint(matrix, HOLE.view(np.matrix), "dip", device="cpu", **SMALL)
    assert np.array_equal(found, oneself.inpaint(GRAY, HOLE, "dip", device="cpu", **SMALL))


def test_a_callers_function_runs_in_his_context() -> None:
    seen = []

    def enlarge(small: np.ndarray) -> np.ndarray:
        seen.append((torch.is_grad_enabled(), torch.get_default_dtype(), torch.is_autocast_enabled("cpu")))
        return enlarger(small)

    with torch.no_grad(), floats(torch.float64), torch.autocast("cpu", torch.bfloat16):
        oneself.correct(np.tile(GRAY, (2, 2)), 2, super_resolver=enlarge, rounds=1, device="cpu")
    assert seen == [(False, torch.float64, True)]


def test_between_two_steps_all_is_the_callers() -> None:
    with floats(torch.float64), torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        before = state()
        for step in oneself.Run("dip", tensor(), device="cpu", **SMALL):
            assert state() == before
            assert step.estimate.dtype == torch.float32
            assert torch.zeros(1).dtype == torch.float64


def test_after_an_error_all_is_the_callers() -> None:
    class Failing(Mask):
        def A(self, x: torch.Tensor) -> torch.Tensor:
            if torch.is_grad_enabled():
                raise ZeroDivisionError
            return super().A(x)

    run = oneself.Run("dip", tensor(), Failing(torch.ones(1)), device="cpu", **SMALL)
    with floats(torch.float64), torch.no_grad():
        before = state()
        with pytest.raises(ZeroDivisionError):
            next(run)
        assert state() == before
    assert np.array_equal(oneself.denoise(GRAY, **QUICK), plain("denoise")[0])


def test_a_run_in_another_runs_loop() -> None:
    alone = [oneself.Run("dip", tensor(), seed=seed, device="cpu", **SMALL).finish().image for seed in (0, 1)]
    outer = oneself.Run("dip", tensor(), device="cpu", **SMALL)
    for _ in outer:
        inner = oneself.Run("dip", tensor(), seed=1, device="cpu", **SMALL)
        left = oneself.Run("singan", tensor(), device="cpu", steps=1, width=8)
        next(left)
        del left
        assert torch.equal(inner.finish().image, alone[1])
    assert torch.equal(outer.answer, alone[0])
