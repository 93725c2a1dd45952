"""Ctrl-C while a run is in progress: the first asks it to end after its step, the second ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

__all__ = ["Interruption"]


class Interruption:
    """``with Interruption(tell) as interruption:`` — ``interruption.asked`` is true after a Ctrl-C.

    A run is left between two steps, so that what it wrote can be repeated and gone on from. ``tell`` is called with
    what to say. Outside the main thread, where signals do not arrive, it does nothing.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.asked, self._tell = False, tell

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._outer = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *exception: object) -> None:
        if hasattr(self, "_outer"):
            signal.signal(signal.SIGINT, self._outer)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._tell("Ctrl-C: ending after this step and writing the best so far; once more ends at once")
