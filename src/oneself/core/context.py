"""What the library computes under, whatever its caller has set; and the caller's own, put back."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch

from oneself.core.turns import PROCESS, TURN

__all__ = ["callers_context", "own_context", "pass_on"]

DEVICES = ("cpu", "cuda", "mps", "xpu")  # that autocast can be on for


@dataclass(frozen=True)
class Surroundings:
    """What changes the meaning of torch's and numpy's functions, and is set from outside.

    Attributes
    ----------
    gradients, inference : bool
        Grad mode and inference mode.
    autocast : mapping of str to dtype
        The devices for which it is on, and to what.
    device : device
        Where tensors are made unless said otherwise.
    dtype : dtype
        Of floats unless said otherwise. The whole process's, so that it is set for a turn only.
    errors : mapping
        What numpy does about a division by zero and the like (``np.geterr``).
    threads : int
        That torch computes with. Asking for them makes a new thread take over the number that the process has.
    """

    gradients: bool
    inference: bool
    autocast: Mapping[str, torch.dtype]
    device: torch.device
    dtype: torch.dtype
    errors: Mapping[str, Any]
    threads: int

    @classmethod
    def present(cls) -> Surroundings:
        return cls(
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            {name: torch.get_autocast_dtype(name) for name in DEVICES if torch.is_autocast_enabled(name)},
            torch.get_default_device(),
            torch.get_default_dtype(),
            cast("Mapping[str, Any]", np.geterr()),
            torch.get_num_threads(),
        )

    @contextmanager
    def replacing(self, now: Surroundings) -> Iterator[None]:
        """Inside, these hold instead of those; what is alike is not set again, as it costs time."""
        with ExitStack() as stack:
            if now.inference != self.inference:
                stack.enter_context(torch.inference_mode(self.inference))
            if torch.is_grad_enabled() != self.gradients:  # inference mode changes it, too
                stack.enter_context(torch.set_grad_enabled(self.gradients))
            for name in DEVICES:
                wanted = self.autocast.get(name)
                if now.autocast.get(name) != wanted:
                    stack.enter_context(torch.autocast(name, wanted, enabled=wanted is not None))
            if now.device != self.device:
                stack.enter_context(self.device)
            if now.errors != self.errors:
                stack.enter_context(np.errstate(**self.errors))
            if now.threads != self.threads:
                stack.callback(torch.set_num_threads, now.threads)
                torch.set_num_threads(self.threads)
            if now.dtype != self.dtype:
                stack.callback(torch.set_default_dtype, now.dtype)
                torch.set_default_dtype(self.dtype)
            yield


ERRORS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}  # as numpy has them by itself


def _own(now: Surroundings) -> Surroundings:
    """The library's own."""
    threads = 1 if PROCESS.forked else now.threads  # of OpenMP's threads a fork keeps none, and waits for them for ever
    return Surroundings(True, False, {}, torch.device("cpu"), torch.float32, ERRORS, threads)


class _Thread(threading.local):
    """What a thread had set when it came in, while it is in."""

    theirs: Surroundings | None = None


_THREAD = _Thread()


@contextmanager
def own_context() -> Iterator[None]:
    """Inside, the library's own surroundings hold, and other threads wait for their turn; also a decorator.

    Gradients are recorded, inference mode and autocast are off, floats are float32, tensors are made on the CPU, and
    numpy warns. In a forked process torch computes with one thread, as it could start no others. The caller's random
    generators are not its business (``Randomness``), nor is what chooses speed or safety (``torch.backends``,
    ``torch.set_float32_matmul_precision``, deterministic algorithms).
    """
    with TURN:
        outermost, now = _THREAD.theirs is None, Surroundings.present()
        if outermost:
            _THREAD.theirs = now
        try:
            with _own(now).replacing(now):
                yield
        finally:
            if outermost:
                _THREAD.theirs = None


@contextmanager
def callers_context() -> Iterator[None]:
    """Inside ``own_context``: the caller's surroundings again, for a function of his; others may have their turn."""
    theirs = _THREAD.theirs
    if theirs is None:
        yield
        return
    with theirs.replacing(Surroundings.present()):
        _THREAD.theirs, depth = None, TURN.give_all()
        try:
            yield
        finally:
            _THREAD.theirs = theirs
            TURN.take_back(depth)


def pass_on() -> None:
    """Between two steps: other threads that wait go first."""
    if TURN.wanted:
        with callers_context():
            pass
