"""`oneself calibrate`: which method suits a noisy file, told by its own held-out pixels."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Any

import numpy as np

from oneself import io
from oneself.core import Compute
from oneself.domains.gaps import check_pixels
from oneself.jobs.errors import DONE
from oneself.jobs.request import parse_range
from oneself.quantities import duration
from oneself.tasks.calibration import Calibration, calibrate

__all__ = ["main"]


def main(
    source: str, methods: str | None, seconds: float, seed: int, device: str | None, axes: str | None,
    data_range: str | None, json: bool,
) -> int:  # fmt: skip
    """Rank the methods on the first picture of a file that is not blank.

    Raises
    ------
    OSError, TypeError, ValueError
        A file that cannot be read or denoised; as ``oneself.calibrate``.
    """
    Compute.choose(device)
    limits = None if data_range is None else parse_range(data_range)
    picture = io.read(Path(source), axes=axes)
    check_pixels(picture.pixels, f"calibrate(in={source!r})", gaps=True)
    items = [item for item in io.split(picture) if (item.pixels != item.pixels.flat[0]).any()]
    given = limits if limits is None or len(limits) == 2 else limits[0]
    asked = None if methods is None else [key.strip() for key in methods.split(",") if key.strip()]
    found = calibrate(items[0].pixels, asked, seconds, seed=seed, device=device, channel_axis=0, data_range=given)
    print(json_format.dumps(_record(source, found), indent=2) if json else "\n".join(_lines(source, found)))
    return DONE


def _record(source: str, found: Calibration) -> dict[str, Any]:
    ranking = [
        {
            "method": one.method,
            "options": dict(one.options),
            "loss": one.loss if np.isfinite(one.loss) else None,
            "seconds": one.seconds,
            "failed": one.failed or None,
        }
        for one in found.ranking
    ]
    return {"file": source, "held_out": found.held_out, "ranking": ranking, "notes": list(found.notes)}


def _lines(source: str, found: Calibration) -> list[str]:
    lines = [f"{source}: by {found.held_out} pixels that were hidden (error² and the noise's own, of the range)"]
    for one in found.ranking:
        told = f"failed: {one.failed}" if one.failed else f"{one.loss:.6f}"
        lines.append(f"  {one.name:16} {told}  {duration(one.seconds)}")
    lines += [f"  note: {note}" for note in found.notes]
    return [*lines, f"  use: oneself denoise {source} --method {found.best.method}"]
