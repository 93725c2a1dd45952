"""From an exception to one clear line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from oneself.jobs.process import Steadfast

__all__ = [
    "DONE",
    "ENDED_AT_ONCE",
    "FAILED",
    "INTERRUPTED",
    "REFUSED",
    "explain",
    "guarded",
    "printed",
    "report",
    "say",
    "working",
]

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
EXPECTED = (ValueError, TypeError, OSError, MemoryError, ArithmeticError)
FULL = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
)  # torch has no exception of its own for it on CPUs
UNLOADED = ("failed to map segment", "cannot allocate memory")  # of a library, by the loader
DEBUG = "ONESELF_TRACEBACK"
ENDED_AT_ONCE = "interrupted; nothing was written of what was in work"


def say(text: str) -> None:
    """One line to the person, on stderr."""
    print(text, file=sys.stderr, flush=True)


def explain(error: BaseException) -> str | None:
    """What went wrong, in one line; None for what no one foresaw."""
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError | RuntimeError) and (not text or any(words in text for words in FULL)):
        return "there is not enough memory for this picture. Take a crop of it."
    if isinstance(error, ImportError) and any(words in text for words in UNLOADED):
        return (
            "the libraries do not fit into the memory that this process may take (ulimit -v, prlimit --as). Allow it "
            "6 GB or more."
        )
    if isinstance(error, OSError) and error.strerror:
        text = _of_system(error.strerror, error.filename)
    return text or type(error).__name__ if isinstance(error, EXPECTED) else None


def _of_system(words: str, name: Any) -> str:
    """What the system refused; our own words, where they are its message, are told without its number."""
    told = " ".join(words.split())
    return told if name is None else f"oneself({name!r}): {told}. Choose another name, or see who may use it."


def report(error: BaseException, where: str = "") -> bool:
    """Say what went wrong, with a traceback where no one foresaw it; whether it was foreseen."""
    told = explain(error)
    if told is None or os.environ.get(DEBUG):
        traceback.print_exception(error)
    say(f"error: {where}{told or 'unforeseen; please report it with the lines above'}")
    return told is not None


@contextmanager
def working() -> Iterator[None]:
    """Inside, work has begun: what is raised is a failure, no refusal."""
    try:
        yield
    except Exception as error:
        error.worked = True  # type: ignore[attr-defined]
        raise


def guarded(work: Callable[[], int]) -> int:
    """``work()``'s exit code; what it raises is told in one line: what was foreseen is a refusal before the work,
    unless it says itself that work had begun."""
    try:
        return work()
    except KeyboardInterrupt:
        say(ENDED_AT_ONCE)
        return INTERRUPTED
    except Exception as error:
        if explain(error) is None and _stumbled_ending(error):
            say(ENDED_AT_ONCE)
            return INTERRUPTED
        return REFUSED if report(error) and not getattr(error, "worked", False) else FAILED


def _stumbled_ending(error: BaseException) -> bool:
    """Whether it was raised where a Ctrl-C was dealt with: a library that was just being imported is in pieces then."""
    earlier = error.__context__
    return earlier is not None and (isinstance(earlier, KeyboardInterrupt) or _stumbled_ending(earlier))


def printed(output: Steadfast, code: int) -> int:
    """The exit code of a command that ended with ``code``: it failed where what it printed was lost."""
    output.flush()
    if output.lost is None:
        return code
    if not isinstance(output.lost, BrokenPipeError):  # who closed it wanted no more
        say(f"error: what was to be printed could not be written ({output.lost})")
    return code or FAILED
