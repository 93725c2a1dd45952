"""The process of a command: output that cannot be written does not end it, and signals end it with one line."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import Any

__all__ = ["ENDING", "Steadfast", "steady"]

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that ask a process to end, besides Ctrl-C."""


UNWRITABLE = (OSError, ValueError, RuntimeError)
"""A full disk, a closed pipe, a terminal that is gone; a closed file; a signal that wrote amid a write."""


class Steadfast:
    """A text stream that does not raise where it cannot be written; ``lost`` is why something was not."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.lost: Exception | None = None

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:  # the name of a file that is no text here
            plain = text.encode(self._stream.encoding or "ascii", "backslashreplace")
            self._try(lambda: self._stream.write(plain.decode(self._stream.encoding or "ascii")))
        except UNWRITABLE as error:
            self._note(error)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def close_if_lost(self) -> None:
        """Lead what cannot be written nowhere, that the interpreter does not stumble over it as it ends."""
        if self.lost is not None and self._stream in (sys.__stdout__, sys.__stderr__):
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except UNWRITABLE as error:
            self._note(error)

    def _note(self, error: Exception) -> None:
        if not isinstance(error, BlockingIOError | RuntimeError):  # those pass
            self.lost = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def steady() -> Iterator[Steadfast]:
    """Inside, the standard streams are steadfast, and signals that ask to end raise KeyboardInterrupt.

    Yields standard output. All is put back at the end.
    """
    _open_closed()
    with ExitStack() as stack:
        for number in ENDING:
            stack.enter_context(_ended_by(number))
        streams = Steadfast(sys.stdout), Steadfast(sys.stderr)
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = streams
        try:
            yield streams[0]
        finally:
            for stream in streams:
                stream.flush()
                stream.close_if_lost()
            sys.stdout, sys.stderr = before


@contextmanager
def _ended_by(number: signal.Signals) -> Iterator[None]:
    """Inside, a signal ends the command as Ctrl-C does; not where it is ignored (nohup) or others listen to it."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(number) != signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(number, end)
    try:
        yield
    finally:
        signal.signal(number, signal.SIG_DFL)


def _open_closed() -> None:
    """A standard stream that is closed leads nowhere: the next file that is opened would take its place."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            with suppress(OSError):
                if _closed(number):
                    os.open(os.devnull, os.O_RDWR)
                setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 (it stays open)


def _closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False
