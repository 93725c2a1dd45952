"""Whether what is asked for fits in memory, told before it is taken, and what makes it smaller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from oneself.core.compute import NotEnoughMemory, available_memory

if TYPE_CHECKING:
    from oneself.core.method import Method

__all__ = ["LEAST_COPIES", "check_room", "lighter", "telling"]

SHARE = 0.85  # of the memory at hand that may be taken
LEAST_COPIES = 4  # of a result in float32, that any method holds at once: itself, what it is made from, and two between
FULL = ("out of memory", "not enough memory", "can't allocate memory")  # of torch's errors on CPUs, which have no type
SMALLER = ("width", "layers", "blocks", "crop", "crops", "patch", "patches", "batch", "tile", "window")
"""Options that, made smaller, take less memory."""


def check_room(
    told: str, shape: Sequence[float], advice: str, copies: float = LEAST_COPIES, what: str = "an image"
) -> None:
    """Refuse an input ``(C, *size)`` that does not fit in this machine's memory ``copies`` times, float32.

    Parameters
    ----------
    told : str
        What is asked for, as the message begins.
    advice : str
        What to do, as it ends.
    what : str
        What it is called in the message.

    Raises
    ------
    NotEnoughMemory
    """
    needed, there = 4.0 * copies, SHARE * available_memory(torch.device("cpu"))
    for n in shape:
        needed *= n
    if needed > there:
        size = " x ".join(f"{n:.6g}" for n in shape[1:])
        gigabytes = f"at least {needed / 1e9:.3g} GB, {there / 1e9:.3g} GB are at hand"
        raise NotEnoughMemory(f"{told}: {what} of {size} takes {gigabytes}. {advice}")


@contextmanager
def telling(method: Method, options: Mapping[str, Any]) -> Iterator[None]:
    """Inside, what does not fit in memory is told with what makes this method take less.

    Raises
    ------
    NotEnoughMemory
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = " ".join(str(error).split())
        if isinstance(error, RuntimeError) and not any(words in text for words in FULL):
            raise
        found = text if isinstance(error, NotEnoughMemory) else "there is not enough room in memory for a step."
        raise NotEnoughMemory(f"{method.key}: {found} {lighter(method, options)}") from error


def lighter(method: Method, options: Mapping[str, Any]) -> str:
    """What to do about a method that takes too much memory, in words."""
    found = [
        f"{record.name}= (now {options[record.name]})"
        for name in SMALLER
        for record in method.options
        if record.name == name and options.get(name) != record.option.low
    ]
    return f"Give a smaller {' or '.join(found)}, or a crop of the picture." if found else "Give a crop of the picture."
