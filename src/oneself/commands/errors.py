"""From an exception to one clear line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

__all__ = ["DONE", "FAILED", "INTERRUPTED", "REFUSED", "explain", "guarded", "say"]

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
EXPECTED = (ValueError, TypeError, OSError, MemoryError, ArithmeticError)
FULL = ("out of memory", "not enough memory", "can't allocate memory")  # torch has no exception of its own for it on CPUs
DEBUG = "ONESELF_TRACEBACK"


def say(text: str) -> None:
    """One line to the person, on stderr."""
    print(text, file=sys.stderr, flush=True)


def explain(error: BaseException) -> str | None:
    """What went wrong, in one line; None for what no one foresaw."""
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError | RuntimeError) and (not text or any(words in text for words in FULL)):
        return "there is not enough memory for this picture. Take a crop of it, a smaller --width, or --method zs_n2n."
    return text or type(error).__name__ if isinstance(error, EXPECTED) else None


def guarded(work: Callable[[], int], code: int = REFUSED) -> int:
    """``work()``'s exit code; an expected error is told in one line and becomes ``code``."""
    try:
        return work()
    except KeyboardInterrupt:
        say("interrupted; nothing was written")
        return INTERRUPTED
    except Exception as error:
        told = explain(error)
        if told is None or os.environ.get(DEBUG):
            traceback.print_exc()
            say(f"error: {told or 'unforeseen; please report it with the lines above'}")
            return code if told else FAILED
        say(f"error: {told}")
        return code
