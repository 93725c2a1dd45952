"""`oneself kernel`: the blur behind a small picture, as a file that `super-resolve --kernel` takes."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Any

import numpy as np
import torch

from oneself import data
from oneself.commands.errors import DONE
from oneself.commands.progress import Display
from oneself.commands.records import file_record
from oneself.commands.request import parse_range
from oneself.core import Compute, Result
from oneself.core.result import versions
from oneself.data import Picture
from oneself.physics.kernels import centre_of_mass, spread
from oneself.problems import find_kernel, shrinking
from oneself.quantities import duration

__all__ = ["main"]

WHOLE = (".png", ".bmp")  # formats of whole numbers
LOSSY = (".jpg", ".jpeg", ".jpe", ".jfif", ".webp")
KIND = "oneself-kernel-1"


def main(
    source: str, out: str | None, scale: str, method: str, seed: int, seconds: float | None, device: str | None,
    axes: str | None, data_range: str | None, overwrite: bool, json: bool, quiet: bool,
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
    picture = data.read(place, axes=axes)
    pixels = _only(source, picture)
    for path in (target, data.side_path(target)):
        if path.resolve() == place.resolve():
            raise ValueError(f"kernel(out={str(path)!r}): this is the input. Choose another name.")
        data.check_target(path, overwrite)
    data.check_output(_drawn(torch.ones(1, 1), target), target, overwrite=overwrite)
    unit, _ = data.to_unit(pixels, limits)
    y = torch.from_numpy(np.ascontiguousarray(unit))[None]
    result = find_kernel(y, factor, method, seed=seed, seconds=seconds, device=device)
    found = _record(result, source, factor, seed)
    data.write(_drawn(result.image[0, 0].cpu(), target), target, overwrite=overwrite)
    found["output"] = file_record(target)
    data.write_text_atomic(data.side_path(target), json_format.dumps(found, indent=2, ensure_ascii=False), overwrite)
    display = Display(quiet)
    for line in _lines(found, target):
        display.say(line)
    if json:
        print(json_format.dumps(found, indent=2, ensure_ascii=False))
    return DONE


def _target(source: Path, out: str | None) -> Path:
    """``NAME-kernel.npy`` beside the picture unless it is named. Raises ValueError where it would be changed."""
    target = data.output_path(source.with_suffix(".npy"), out, "kernel")
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
    items = data.split(picture)
    if len(items) > 1:
        raise ValueError(f"kernel(in={source!r}): {len(items)} pictures, each with a blur of its own. Give one.")
    if items[0].axes != "YX":
        raise ValueError(f"kernel(in={source!r}): axes {items[0].axes}. The blur of pictures (Y, X) can be found.")
    data.check_pixels(items[0].pixels, f"kernel(in={source!r})")
    return items[0].pixels


def _drawn(kernel: torch.Tensor, target: Path) -> Picture:
    """The kernel as a file holds it: its own values, or whole numbers up to 255 where the format has no others."""
    values = kernel.numpy().astype(np.float32)
    if target.suffix.lower() in WHOLE:
        values = np.round(values / values.max() * 255).astype(np.uint8)
    return Picture(values, "YX", target.suffix.lower().lstrip("."))


def _record(result: Result[torch.Tensor], source: str, scale: int, seed: int) -> dict[str, Any]:
    kernel = result.image[0, 0].cpu()
    return {
        "format": KIND,
        "input": file_record(Path(source)),
        "scale": scale,
        "method": result.method,
        "options": dict(result.options),
        "seed": seed,
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
