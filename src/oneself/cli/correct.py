"""`oneself correct`: a small picture as cubic shrinking would have made it, for any super-resolver made for that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from oneself import io
from oneself.core import Compute
from oneself.core.result import versions
from oneself.domains.gaps import check_pixels, close_gaps
from oneself.domains.ranges import from_unit, to_unit
from oneself.jobs.aids import read_kernel
from oneself.jobs.errors import DONE, working
from oneself.jobs.journal import finish_killed
from oneself.jobs.keeping import Keeping, Record
from oneself.jobs.places import Places
from oneself.jobs.progress import Display
from oneself.jobs.records import as_text, read_once
from oneself.jobs.request import ESTIMATE, parse_range
from oneself.operators.kernels import spread
from oneself.tasks.estimation import corrected

__all__ = ["main"]

KIND = "oneself-correction-1"


def main(
    source: str, out: str | None, scale: str, kernel: str, ridge: float, seed: int, device: str | None,
    axes: str | None, data_range: str | None, overwrite: bool, json: bool, quiet: bool, command_line: str,
) -> int:  # fmt: skip
    """Correct every picture of a file, and write the result and its record beside it.

    Raises
    ------
    OSError, TypeError, ValueError
        A file that cannot be read, or a place that cannot be written; pictures or a kernel that do not fit.
    """
    place = Path(source)
    target = io.output_path(place, out, "corrected")
    Compute.choose(device)
    factor = _number(scale)
    limits = None if data_range is None else parse_range(data_range)
    given, told_kernel = (ESTIMATE, ESTIMATE) if kernel == ESTIMATE else _read_kernel(Path(kernel))
    picture, told = read_once(place, lambda: io.read(place, axes=axes))
    items = io.split(picture)
    if items[0].axes != "YX":
        raise ValueError(f"correct(in={source!r}): axes {items[0].axes}. Pictures (Y, X) can be corrected.")
    check_pixels(picture.pixels, f"correct(in={source!r})", gaps=True)
    side, display = io.side_path(target), Display(quiet)
    reads = [place] if kernel == ESTIMATE else [place, Path(kernel)]
    places = Places("correct", reads, [("out", target), ("out's .json", side)])
    done = finish_killed(side.parent).get(side)
    if done is not None and done.get("command") == command_line and not overwrite:
        display.say(f"{target} was made by a call that was killed; its record is written now")
        return DONE
    with Keeping(side, places, overwrite) as keeping:
        io.check_target(side, keeping.may_replace(side))
        io.check_output(picture, target, overwrite=keeping.may_replace(target))
        for note in (*picture.notes, *io.losses(picture, target)):
            display.warn(note)
        made, kernels = [], []
        for item in items:
            closed, gaps = close_gaps(item.pixels)
            unit, span = to_unit(closed, limits)
            y = torch.from_numpy(np.ascontiguousarray(unit))[None]
            better, found, notes = corrected(y, factor, given, ridge=ridge, seed=seed, device=device)
            own = from_unit(better[0].numpy(), span)
            made.append(own if gaps is None else gaps.put_back(own))
            kernels.append({"side": found.shape[0], "widths": list(spread(found)), "notes": list(notes)})
        with working():
            about = _record(told, factor, told_kernel, ridge, seed, kernels) | {"command": command_line}
            ways = keeping.picture_ways(io.join(picture, made), target)
            written, record = keeping.deliver(target, ways, lambda output: about | {"output": output})
    for line in _lines(record, written):
        display.say(line)
    if json:
        print(as_text(record), end="")
    return keeping.report()


def _read_kernel(path: Path) -> tuple[torch.Tensor, Record]:
    return read_once(path, lambda: read_kernel(path))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"correct(scale={text!r}): not a number. Give 2, 3, …") from None


def _record(
    source: Record, scale: float, kernel: Record | str, ridge: float, seed: int, kernels: list[Record]
) -> Record:
    return {
        "format": KIND,
        "input": source,
        "scale": scale,
        "kernel": kernel,
        "ridge": ridge,
        "seed": seed,
        "kernels": kernels,
        "versions": versions(),
    }


def _lines(record: dict[str, Any], target: Path) -> list[str]:
    lines = []
    for kernel in record["kernels"]:
        down, across = kernel["widths"]
        lines.append(f"corrected for a blur {down:.2f} wide down and {across:.2f} across (standard deviations)")
        lines += [f"  {note}" for note in kernel["notes"]]
    return [*lines, f"  wrote {target}: enlarge it with what was made for cubic shrinking"]
