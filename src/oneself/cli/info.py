"""`oneself info`: what is in a file, its noise, and what would be done with it."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Any

import numpy as np
import torch

from oneself import io
from oneself.cli.noise_chart import chart, check_chart
from oneself.cli.shape_info import shape_info
from oneself.core import Compute
from oneself.domains.gaps import check_pixels, close_gaps
from oneself.domains.ranges import to_unit
from oneself.io import Item, Picture
from oneself.io.shapes import is_shape
from oneself.io.sound import coding_of
from oneself.jobs.cost import expected_cost
from oneself.jobs.errors import DONE, explain
from oneself.jobs.request import parse_range
from oneself.noise import describe_noise
from oneself.quantities import duration, memory
from oneself.registry import find
from oneself.tasks import sound
from oneself.tasks.problems import choose_method, denoising

__all__ = ["main"]


def main(
    file: str, axes: str | None, data_range: str | None, device: str | None, json: bool, plot: str | None = None
) -> int:
    """Say what is known of a file without restoring it, and draw its noise.

    Raises OSError or ValueError where it cannot be read, or its noise not be drawn.
    """
    Compute.choose(device)
    if is_shape(file):
        if plot is not None:
            raise ValueError(f"info(plot={plot!r}): {file} is no picture; its noise is not drawn. Leave plot out.")
        return shape_info(Path(file), json)
    limits = None if data_range is None else parse_range(data_range)
    picture = io.read(Path(file), axes=axes)
    if plot is not None:
        _draw_noise(picture, limits, Path(plot))
    found = _facts(file, picture)
    found |= _restoration(picture, limits, device)
    print(json_format.dumps(found, indent=2, ensure_ascii=False) if json else "\n".join(_lines(found)))
    return DONE


def _draw_noise(picture: Picture, limits: tuple[float, ...] | None, place: Path) -> None:
    """The chart of the first item's noise, in a file that is not there yet."""
    item = io.split(picture)[0].pixels
    check_chart(place, item.shape)
    check_pixels(item, "info(--plot)", gaps=True)
    unit, span = to_unit(close_gaps(item)[0], limits)
    drawn = chart(unit, span.low, span.high)
    with place.open("xb") as file:
        drawn.save(file, "PNG")


def _facts(file: str, picture: Picture) -> dict[str, Any]:
    pixels, said = picture.pixels, picture.metadata
    values = pixels[np.isfinite(pixels)] if pixels.dtype.kind == "f" else pixels
    density = said.resolution
    kept = {"alpha": picture.alpha, "colour profile": said.icc, "EXIF": said.exif, "XMP": said.xmp}
    return {
        "file": file,
        "format": picture.format,
        "axes": picture.axes,
        "shape": list(pixels.shape),
        "items": len(io.split(picture)),
        "type": str(pixels.dtype),
        "lowest": values.min().item() if values.size else None,
        "highest": values.max().item() if values.size else None,
        "pixel_size": {axis: {"value": size.value, "unit": size.unit} for axis, size in said.pixel_size.items()},
        "recording": _heard(picture),
        "orientation": picture.orientation,
        "resolution": density and {"x": float(density.x), "y": float(density.y), "unit": density.unit},
        "carries": [name for name, value in kept.items() if value is not None],
        "notes": list(picture.notes),
    }


def _heard(picture: Picture) -> dict[str, Any] | None:
    """Of a recording its rate, its seconds and how samples are stored."""
    coding = coding_of(picture)
    if coding is None:
        return None
    return {"rate": coding.rate, "seconds": len(picture.pixels) / coding.rate, "coding": coding.subtype}


def _restoration(picture: Picture, limits: tuple[float, ...] | None, device: str | None) -> dict[str, Any]:
    """The noise of the first item that is not blank, and what denoising would do; or why it would refuse."""
    try:
        check_pixels(picture.pixels, "denoise(in)", gaps=True)
        items = [item for item in io.split(picture) if (item.pixels != item.pixels.flat[0]).any()]
        return _of_item(items[0], len(items), limits, device, sound.rate_of(picture))
    except (TypeError, ValueError, MemoryError) as error:
        return {"noise": None, "denoise": {"refused": explain(error)}}


def _of_item(
    item: Item, count: int, limits: tuple[float, ...] | None, device: str | None, rate: float | None
) -> dict[str, Any]:
    closed, gaps = close_gaps(item.pixels)
    unit, span = to_unit(closed, limits if rate is None else sound.symmetric_range(closed))
    y = torch.from_numpy(np.ascontiguousarray(unit))[None]
    problem = denoising(y, mend=rate is None, stripes=rate is None)
    report = describe_noise(y[0].numpy())
    noise = {
        "words": report.words(),
        "range": [span.low, span.high],
        "gaps": 0 if gaps is None else int(gaps.where.sum()),
        "sigma": report.sigma * (span.high - span.low),
        "kind": report.kind,
        "gain": report.gain * (span.high - span.low),
        "correlated": report.correlated,
        "extent": list(report.extent),
        "stripes": [level * (span.high - span.low) for level in report.stripes],
        "saturated": report.clipped,
        "step": report.step * (span.high - span.low),
    }
    choice = choose_method("denoise", "auto", problem.y, device=device, rate=rate)
    cost = expected_cost(choice, problem.y, device, rate)
    return {
        "noise": noise,
        "denoise": {
            "method": choice.method,
            "title": find(choice.method).title,
            "why": "; ".join([*problem.notes, choice.why]),
            "options": dict(choice.options),
            "seconds": count * cost.seconds,
            "stops_early": cost.stops_early,
            "memory": cost.memory,
            "device": cost.device,
        },
    }


def _lines(found: dict[str, Any]) -> list[str]:
    shape = " × ".join(f"{axis} {n}" for axis, n in zip(found["axes"], found["shape"], strict=True))
    lines = [found["file"], f"  {found['format'].upper()}, {shape}, {found['type']}"]
    if found["recording"] is not None:
        heard = found["recording"]
        told = f"{heard['rate']} samples in a second, {heard['seconds']:.3f} s, {heard['coding']}"
        lines.append(f"  a recording: {told}")
    if found["items"] > 1:
        lines.append(f"  {found['items']} items, each restored alone")
    if found["lowest"] is not None:
        lines.append(f"  values from {found['lowest']:.6g} to {found['highest']:.6g}")
    for axis, size in found["pixel_size"].items():
        lines.append(f"  pixel size along {axis}: {size['value']:.6g} {size['unit']}")
    if found["resolution"] is not None and found["resolution"]["unit"] != "none":
        density = found["resolution"]
        lines.append(f"  {density['x']:.6g} × {density['y']:.6g} pixels per {density['unit']}")
    if found["orientation"] != 1:
        lines.append(f"  shown turned, EXIF orientation {found['orientation']}; masks and other pictures likewise")
    lines += [f"  carries {', '.join(found['carries'])}"] * bool(found["carries"])
    lines += [f"  note: {note}" for note in found["notes"]]
    plan = found["denoise"]
    if "refused" in plan:
        return [*lines, f"  denoise would refuse it: {plan['refused']}"]
    low, high = found["noise"]["range"]
    lines.append(f"  values of {low:.6g} to {high:.6g} are taken as 0 to 1")
    lines += [f"  {found['noise']['gaps']} values are NaN or infinite; they would stay so"] * bool(
        found["noise"]["gaps"]
    )
    lines.append(f"  noise: {found['noise']['words']} ({found['noise']['sigma']:.3g} in the file's units)")
    lines.append(f"  denoise would use {plan['title']}, {plan['method']}: {plan['why']}")
    most = "at most " if plan["stops_early"] else "about "
    size = "" if plan["memory"] is None else f" and up to {memory(plan['memory'])} of memory"
    lines.append(
        f"  {most}{duration(plan['seconds'])}{size} on {plan['device']}, judged by a few steps on a part of it"
    )
    return lines
