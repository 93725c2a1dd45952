"""What the library computes under, whatever its caller has set; and the caller's own, put back."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch

from oneself.core.turns import TURN

__all__ = ["callers_context", "own_context", "pass_on"]

DEVICES = ("cpu", "cuda")  # that a run can compute on, and autocast can be on for


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
    """

    gradients: bool
    inference: bool
    autocast: Mapping[str, torch.dtype]
    device: torch.device
    dtype: torch.dtype
    errors: Mapping[str, Any]

    @classmethod
    def present(cls) -> Surroundings:
        return cls(
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            {name: torch.get_autocast_dtype(name) for name in DEVICES if torch.is_autocast_enabled(name)},
            torch.get_default_device(),
            torch.get_default_dtype(),
            cast("Mapping[str, Any]", np.geterr()),
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
            if now.dtype != self.dtype:
                stack.callback(torch.set_default_dtype, now.dtype)
                torch.set_default_dtype(self.dtype)
            yield


OWN = Surroundings(
    gradients=True,
    inference=False,
    autocast={},
    device=torch.device("cpu"),
    dtype=torch.float32,
    errors={"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"},
)


class _Thread(threading.local):
    """What a thread had set when it came in, while it is in."""

    def __init__(self) -> None:
        self.theirs: Surroundings | None = None
        torch.get_num_threads()  # a new thread takes over how many threads torch shall use when it is asked first


_THREAD = _Thread()


@contextmanager
def own_context() -> Iterator[None]:
    """Inside, the library's own surroundings hold, and other threads wait for their turn; also a decorator.

    Gradients are recorded, inference mode and autocast are off, floats are float32, tensors are made on the CPU, and
    numpy warns. The caller's random generators are not its business (``Randomness``), nor are the number of threads
    and what else is a choice of speed (``torch.backends``, deterministic algorithms).
    """
    with TURN:
        outermost, now = _THREAD.theirs is None, Surroundings.present()
        if outermost:
            _THREAD.theirs = now
        try:
            with OWN.replacing(now):
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
