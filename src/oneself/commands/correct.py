"""`oneself correct`: a small picture as cubic shrinking would have made it, for any super-resolver made for that."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Any

import numpy as np
import torch

from oneself import data
from oneself.commands.aids import read_kernel
from oneself.commands.errors import DONE
from oneself.commands.progress import Display
from oneself.commands.records import file_record
from oneself.commands.request import ESTIMATE, parse_range
from oneself.core import Compute
from oneself.core.result import versions
from oneself.estimation import corrected
from oneself.physics.kernels import spread

__all__ = ["main"]

KIND = "oneself-correction-1"


def main(
    source: str, out: str | None, scale: str, kernel: str, ridge: float, seed: int, device: str | None,
    axes: str | None, data_range: str | None, overwrite: bool, json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Correct every picture of a file, and write the result and its record beside it.

    Raises
    ------
    OSError, TypeError, ValueError
        A file that cannot be read, or a place that cannot be written; pictures or a kernel that do not fit.
    """
    place = Path(source)
    target = data.output_path(place, out, "corrected")
    Compute.choose(device)
    factor = _number(scale)
    limits = None if data_range is None else parse_range(data_range)
    given = ESTIMATE if kernel == ESTIMATE else read_kernel(Path(kernel))
    picture = data.read(place, axes=axes)
    items = data.split(picture)
    if items[0].axes != "YX":
        raise ValueError(f"correct(in={source!r}): axes {items[0].axes}. Pictures (Y, X) can be corrected.")
    data.check_pixels(picture.pixels, f"correct(in={source!r})", gaps=True)
    for path in (target, data.side_path(target)):
        if path.resolve() == place.resolve():
            raise ValueError(f"correct(out={str(path)!r}): this is the input. Choose another name.")
        data.check_target(path, overwrite)
    data.check_output(picture, target, overwrite=overwrite)
    display = Display(quiet)
    for note in (*picture.notes, *data.losses(picture, target)):
        display.warn(note)
    made, kernels = [], []
    for item in items:
        closed, gaps = data.close_gaps(item.pixels)
        unit, span = data.to_unit(closed, limits)
        y = torch.from_numpy(np.ascontiguousarray(unit))[None]
        better, found, notes = corrected(y, factor, given, ridge=ridge, seed=seed, device=device)
        own = data.from_unit(better[0].numpy(), span)
        made.append(own if gaps is None else gaps.put_back(own))
        kernels.append({"side": found.shape[0], "widths": list(spread(found)), "notes": list(notes)})
    data.write(data.join(picture, made), target, overwrite=overwrite)
    record = _record(source, factor, kernel, ridge, seed, kernels) | {"output": file_record(target)}
    data.write_text_atomic(data.side_path(target), json_format.dumps(record, indent=2, ensure_ascii=False), overwrite)
    for line in _lines(record, target):
        display.say(line)
    if json:
        print(json_format.dumps(record, indent=2, ensure_ascii=False))
    return DONE


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"correct(scale={text!r}): not a number. Give 2, 3, …") from None


def _record(
    source: str, scale: float, kernel: str, ridge: float, seed: int, kernels: list[dict[str, Any]]
) -> dict[str, Any]:
    told = ESTIMATE if kernel == ESTIMATE else file_record(Path(kernel))
    return {
        "format": KIND,
        "input": file_record(Path(source)),
        "scale": scale,
        "kernel": told,
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
