"""`oneself kernel`: the blur behind a small picture, as a file that `super-resolve --kernel` takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from oneself import io
from oneself.core import Compute, Result
from oneself.core.result import versions
from oneself.domains.gaps import check_pixels, close_gaps
from oneself.domains.ranges import to_unit
from oneself.io import Picture
from oneself.jobs.errors import DONE, INTERRUPTED, working
from oneself.jobs.interruption import Interruption
from oneself.jobs.journal import finish_killed
from oneself.jobs.keeping import Keeping, Record
from oneself.jobs.places import Places
from oneself.jobs.progress import Display, followed
from oneself.jobs.records import as_text, read_once
from oneself.jobs.request import parse_range
from oneself.operators.kernels import centre_of_mass, spread
from oneself.quantities import duration
from oneself.tasks.problems import kernel_run, shrinking

__all__ = ["main"]

WHOLE = (".png", ".bmp")  # formats of whole numbers
LOSSY = (".jpg", ".jpeg", ".jpe", ".jfif", ".webp")
KIND = "oneself-kernel-1"


def main(
    source: str, out: str | None, scale: str, method: str, seed: int, seconds: float | None, device: str | None,
    axes: str | None, data_range: str | None, overwrite: bool, json: bool, quiet: bool, command_line: str,
) -> int:  # fmt: skip
    """Find the kernel and write it, and its record beside it.

    Raises
    ------
    OSError, TypeError, ValueError
        A file that cannot be read, or a place that cannot be written; not one picture; another scale.
    """
    place, target = Path(source), _target(Path(source), out)
    Compute.choose(device)
    factor = shrinking(_number(scale), 2)
    limits = None if data_range is None else parse_range(data_range)
    picture, told = read_once(place, lambda: io.read(place, axes=axes))
    pixels = _only(source, picture)
    side, display = io.side_path(target), Display(quiet)
    places = Places("kernel", [place], [("out", target), ("out's .json", side)])
    done = finish_killed(side.parent).get(side)
    if done is not None and done.get("command") == command_line and not overwrite:
        display.say(f"{target} was made by a call that was killed; its record is written now")
        return DONE
    with Keeping(side, places, overwrite) as keeping, Interruption(display.warn) as interruption:
        io.check_target(side, keeping.may_replace(side))
        io.check_output(_drawn(torch.ones(1, 1), target), target, overwrite=keeping.may_replace(target))
        unit, _ = to_unit(close_gaps(pixels)[0], limits)
        y = torch.from_numpy(np.ascontiguousarray(unit))[None]
        run = kernel_run(y, factor, method, seed=seed, seconds=seconds, device=device)
        display.say(f"{source}: looking for its kernel by {run.method.key}")
        for _ in followed(run, "kernel", display, interruption):
            pass
        with working():
            result = run.result()
            about = _record(result, told, factor) | {"interrupted": not run.finished, "command": command_line}
            ways = keeping.picture_ways(_drawn(result.image[0, 0].cpu(), target), target)
            written, found = keeping.deliver(target, ways, lambda output: about | {"output": output})
    for line in _lines(found, written):
        display.say(line)
    if json:
        print(as_text(found), end="")
    return keeping.report() or (DONE if run.finished else INTERRUPTED)


def _target(source: Path, out: str | None) -> Path:
    """``NAME-kernel.npy`` beside the picture unless it is named. Raises ValueError where it would be changed."""
    target = io.output_path(source.with_suffix(".npy"), out, "kernel")
    if target.suffix.lower() in LOSSY:
        raise ValueError(
            f"kernel(out={str(target)!r}): {target.suffix} changes the values. End it in .npy, .tif or .png."
        )
    return target


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"kernel(scale={text!r}): not a number. Give 2, 3 or 4.") from None


def _only(source: str, picture: Picture) -> np.ndarray[Any, Any]:
    """The pixels ``(C, H, W)`` of a file that holds one picture."""
    items = io.split(picture)
    if len(items) > 1:
        raise ValueError(f"kernel(in={source!r}): {len(items)} pictures, each with a blur of its own. Give one.")
    if items[0].axes != "YX":
        raise ValueError(f"kernel(in={source!r}): axes {items[0].axes}. The blur of pictures (Y, X) can be found.")
    check_pixels(items[0].pixels, f"kernel(in={source!r})", gaps=True)
    return items[0].pixels


def _drawn(kernel: torch.Tensor, target: Path) -> Picture:
    """The kernel as a file holds it: its own values, or whole numbers up to 255 where the format has no others."""
    values = kernel.numpy().astype(np.float32)
    if target.suffix.lower() in WHOLE:
        values = np.round(values / values.max() * 255).astype(np.uint8)
    return Picture(values, "YX", target.suffix.lower().lstrip("."))


def _record(result: Result[torch.Tensor], source: Record, scale: int) -> Record:
    kernel = result.image[0, 0].cpu()
    return {
        "format": KIND,
        "input": source,
        "scale": scale,
        "method": result.method,
        "options": dict(result.options),
        "seed": result.seed,
        "side": kernel.shape[0],
        "sum": float(kernel.sum()),
        "peak": float(kernel.max()),
        "centre": list(centre_of_mass(kernel)),
        "widths": list(spread(kernel)),
        "steps": result.steps,
        "seconds": result.seconds,
        "stopped_by": result.stopped_by,
        "notes": list(result.notes),
        "versions": versions(),
        "cite": result.cite,
    }


def _lines(found: dict[str, Any], target: Path) -> list[str]:
    down, across = found["widths"]
    return [
        f"{found['method']}, {duration(found['seconds'])}: a kernel of {found['side']} × {found['side']} samples of a "
        f"picture {found['scale']} times as large, {down:.2f} wide down and {across:.2f} across (standard deviations)",
        *(f"  {note}" for note in found["notes"]),
        f"  wrote {target}; use it: oneself super-resolve {found['input']['path']} --scale {found['scale']} "
        f"--kernel {target}",
    ]
