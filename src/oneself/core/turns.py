"""Whose turn it is: runs in several threads share torch's default generators and default dtype, one step at a time."""

from __future__ import annotations

import os
import threading
from collections import deque

__all__ = ["PROCESS", "TURN", "Turn"]


class Turn:
    """A lock that its owner may take again, and that goes to whoever has waited longest.

    With ``threading.RLock`` a run that gives it back between two steps would have it again before others wake up.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[tuple[int, threading.Lock]] = deque()
        self._owner: int | None = None
        self._depth = 0

    @property
    def wanted(self) -> bool:
        """Whether another thread waits."""
        return bool(self._waiting)

    def take(self, depth: int = 1) -> None:
        """Wait for the turn; ``depth`` times."""
        me = threading.get_ident()
        if self._owner == me:
            self._depth += depth
            return
        with self._guard:
            if self._owner is None:
                self._owner, self._depth = me, depth
                return
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append((me, gate))
        try:
            gate.acquire()
        except BaseException:  # Ctrl-C while waiting
            self._withdraw(me, gate)
            raise
        self._depth = depth

    def take_back(self, depth: int) -> None:
        """As ``take``, for what must not go on without it: a Ctrl-C meanwhile is raised afterwards."""
        interrupted: BaseException | None = None
        while True:
            try:
                self.take(depth)
                break
            except BaseException as error:
                interrupted = error
        if interrupted is not None:
            raise interrupted

    def give(self) -> None:
        """Undo one ``take``; the last one lets the next in."""
        self._depth -= 1
        if not self._depth:
            with self._guard:
                self._next()

    def give_all(self) -> int:
        """Undo every ``take``; how many there were."""
        depth, self._depth = self._depth, 0
        with self._guard:
            self._next()
        return depth

    def _next(self) -> None:
        self._owner, gate = self._waiting.popleft() if self._waiting else (None, None)
        if gate is not None:
            gate.release()

    def _withdraw(self, me: int, gate: threading.Lock) -> None:
        with self._guard:
            if (me, gate) in self._waiting:
                self._waiting.remove((me, gate))
            else:  # it was given in the meantime
                self._next()

    def __enter__(self) -> Turn:
        self.take()
        return self

    def __exit__(self, *exception: object) -> None:
        self.give()

    def alone(self) -> None:
        """In the child of a fork, which has no other threads."""
        self._guard, self._waiting = threading.Lock(), deque()
        self.give()


class Process:
    """Whether this process was ``forked`` from another, with torch in it."""

    forked = False


TURN, PROCESS = Turn(), Process()


def _in_child() -> None:
    PROCESS.forked = True
    TURN.alone()


if hasattr(os, "register_at_fork"):  # a fork waits for the step in progress, whose state the child would keep for ever
    os.register_at_fork(before=TURN.take, after_in_parent=TURN.give, after_in_child=_in_child)
