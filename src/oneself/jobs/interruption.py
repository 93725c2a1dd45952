"""Ctrl-C and its kin while a run is in progress: the first asks it to end after its step; Ctrl-C again ends it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

from oneself.jobs.process import ENDING

__all__ = ["Interruption"]


class Interruption:
    """``with Interruption(tell) as interruption:`` — ``interruption.asked`` is true after a Ctrl-C, SIGTERM or SIGHUP.

    A run is left between two steps, so that what it wrote can be repeated and gone on from. ``tell`` is called with
    what to say; ``by`` names the signal. Outside the main thread, where signals do not arrive, it does nothing; and a
    SIGTERM or SIGHUP that is ignored (``nohup``) stays so.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.asked, self.by, self._tell = False, "", tell
        self._outer: dict[int, object] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *ENDING):
                if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
                    self._outer[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, outer in self._outer.items():
            signal.signal(number, outer)  # type: ignore[arg-type]

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            if number == signal.SIGINT:  # a terminal that closes sends SIGHUP twice: that asks no more than once
                raise KeyboardInterrupt
            return
        self.asked, self.by = True, "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        self._tell(f"{self.by}: ending after this step and writing the best so far; Ctrl-C ends at once")
