"""What a command line asks for, as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["ESTIMATE", "LARGEST", "SUFFIXES", "Files", "Settings", "parse_gap", "parse_range", "parse_scale"]

LARGEST = 1e20  # of values of pixels: their squares are numbers of 32 bits, too
SMALLEST, CLOSE = 1e-30, 1e-12  # distances of white from black, also relative to those
ESTIMATE = "estimate"  # in place of the file of a kernel
SUFFIXES = {
    "denoise": "denoised",
    "super-resolve": "enlarged",
    "inpaint": "inpainted",
    "deblur": "deblurred",
    "dehaze": "dehazed",
    "transparency": "layer",
    "watermark": "unmarked",
    "segment": "foreground",
}
"""How the result of a task is called where no output is named."""


@dataclass(frozen=True)
class Settings:
    """How pictures are restored; the same for all of a call.

    ``sigma`` and ``data_range`` are in the file's own units. ``scale`` has one factor for all spatial axes or one for
    each. ``options`` are the method's own; ``aids`` are the files besides the picture, by name: the task's (``kernel``,
    ``mask``, ``hints``, ``second``) and those of the method's options that are images. ``estimate``: find the blur from
    the picture. ``rate`` and ``gap`` are of recordings: samples in a second, and what is missing, ``"3.2:3.9"`` in
    seconds. ``command`` is the command line itself.
    """

    task: str
    method: str = "auto"
    options: Mapping[str, Any] = field(default_factory=dict)
    preset: str | None = None
    sigma: float | None = None
    seed: int = 0
    seconds: float | None = None
    quality: Literal["fast", "best"] | None = None
    device: str | None = None
    precision: str = "float32"
    compile: bool = False
    axes: str | None = None
    data_range: tuple[float, ...] | None = None
    scale: tuple[float, ...] | None = None
    aids: Mapping[str, Path] = field(default_factory=dict)
    boundary: str | None = None
    known: str | None = None
    estimate: bool = False
    rate: float | None = None
    gap: tuple[str, ...] = ()
    command: str = ""


@dataclass(frozen=True)
class Files:
    """Where pictures come from and go to, and what is written on the way."""

    source: Path
    out: str | None = None
    recursive: bool = False
    skip_existing: bool = False
    overwrite: bool = False
    preview: Path | None = None
    compare: Path | None = None
    checkpoint: Path | None = None


def parse_scale(text: str) -> tuple[float, ...]:
    """``"2"`` or ``"2x1.5"`` (in the order of the spatial axes, such as Y x X) as numbers.

    Raises ValueError for anything else, for factors under 1, and where none is above 1.
    """
    try:
        scale = tuple(float(part) for part in text.lower().replace("×", "x").split("x"))
    except ValueError:
        scale = (math.nan,)
    if not all(math.isfinite(s) and s >= 1 for s in scale) or max(scale) == 1:
        raise ValueError(
            f"super-resolve(scale={text!r}): no enlargement. Give a factor above 1, such as 2, or one for each axis, "
            "such as 2x1.5 (down x across)."
        )
    return scale


def parse_range(text: str) -> tuple[float, ...]:
    """``"4095"`` or ``"100,4095"`` as numbers. Raises ValueError for anything that is no range."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    low, high = (0.0, *values) if len(values) == 1 else values if len(values) == 2 else (0.0, 0.0)
    finite = max(abs(low), abs(high)) <= LARGEST
    if not (finite and high - low >= SMALLEST and high - low > CLOSE * max(abs(low), abs(high))):
        raise ValueError(
            f"oneself(--data-range {text.replace(',', ' ')}): not a range. Give the values of black and white, "
            f"such as 0 4095, or the one of white alone: at most {LARGEST:g}, and further apart than what is rounded."
        )
    return values


def parse_gap(text: str) -> tuple[float, float]:
    """``"3.2:3.9"`` as seconds, start and end. Raises ValueError for anything else."""
    try:
        start, end = (float(part) for part in text.split(":"))
    except ValueError:
        start, end = math.nan, math.nan
    if not (0 <= start < end < math.inf):
        raise ValueError(
            f"inpaint(--gap {text}): no gap. Give the seconds at which it starts and ends, such as 3.2:3.9."
        )
    return start, end
