"""A private random stream, so that a run neither disturbs nor depends on its surroundings."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor

from oneself.core.devices import CPU, random_state, seeded_state, set_random_state
from oneself.core.option import shown
from oneself.core.turns import TURN

__all__ = ["Randomness", "check_seed"]


def check_seed(seed: Any) -> int:
    """A seed as a whole number. Raises TypeError for anything else, ValueError for one of more than 64 bits."""
    try:
        found = operator.index(seed)
    except TypeError:
        raise TypeError(f"seed={shown(seed)}: not a whole number. Give one, such as 0.") from None
    if not -(2**63) <= found < 2**64:
        raise ValueError(f"seed={shown(seed)}: too large. Give a whole number of at most 64 bits, such as 0.")
    return found


class Randomness:
    """Inside ``with stream:`` torch's default generators (CPU and the run's device) are this stream's.

    Outside they are the caller's, untouched. Streams of different ``(seed, stage)`` are independent. The generators
    are the whole process's: inside, other threads wait for their turn.
    """

    def __init__(self, seed: int, stage: int, device: torch.device) -> None:
        digest = hashlib.blake2b(f"{check_seed(seed)}/{stage}".encode(), digest_size=7).digest()
        mixed = int.from_bytes(digest, "little")
        self.device = device
        self._others = [] if device.type == "cpu" else [device]
        self.states = [seeded_state(one, mixed) for one in (CPU, *self._others)]

    def _read(self) -> list[Tensor]:
        return [torch.get_rng_state(), *map(random_state, self._others)]

    def _write(self, states: list[Tensor]) -> None:
        torch.set_rng_state(states[0])
        for state, device in zip(states[1:], self._others, strict=True):
            set_random_state(state, device)

    def resume(self, states: list[Tensor]) -> None:
        """Go on from saved states; of a generator that had no part where they were saved, from its beginning."""
        self.states = [*(state.clone() for state in states[: len(self.states)]), *self.states[len(states) :]]

    def __enter__(self) -> Randomness:
        with ExitStack() as undone:
            undone.enter_context(TURN)
            self._outer = self._read()
            self._write(self.states)
            undone.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self.states = self._read()
            self._write(self._outer)
        finally:
            TURN.give()

    @contextmanager
    def fork(self) -> Iterator[None]:
        """Draw from the stream without moving it: looking changes nothing."""
        with TURN:
            outer = self._read()
            self._write(self.states)
            try:
                yield
            finally:
                self._write(outer)
