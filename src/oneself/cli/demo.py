"""`oneself demo`: a real noisy picture, restored before your eyes."""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself import io
from oneself.cli.tasks import attempt
from oneself.domains.ranges import to_unit
from oneself.io import Picture
from oneself.jobs.aids import Aids
from oneself.jobs.interruption import Interruption
from oneself.jobs.plan import Job
from oneself.jobs.progress import Display
from oneself.jobs.request import Files, Settings
from oneself.jobs.restoring import Restorer
from oneself.jobs.snapshots import Shades, side_by_side, write_snapshot

__all__ = ["main"]

FOLDER = "oneself-demo"
PICTURE = "hubble_deep_field.jpg"  # in every scikit-image; by NASA and ESA, its noise as the telescope left it
PLACE = (slice(540, 732), slice(620, 812))
ZOOM, GAMMA = 3, 0.45
SECONDS = 30.0  # on a slow machine; elsewhere it is done long before


def main(folder: str | None, overwrite: bool) -> int:
    """Write ``noisy.png``, ``restored.png`` (and its record) and ``before-after.png`` into a folder.

    Raises
    ------
    OSError
        They are there already, or could not be written.
    """
    place = Path(folder or FOLDER)
    noisy, restored, both = (place / f"{name}.png" for name in ("noisy", "restored", "before-after"))
    place.mkdir(parents=True, exist_ok=True)
    for path in (noisy, restored, io.side_path(restored), both):
        io.check_target(path, overwrite)
    picture = _sky()
    io.write(picture, noisy, overwrite=overwrite)
    display = Display()
    display.say(f"A part of the Hubble eXtreme Deep Field (NASA, ESA), as scikit-image has it: {noisy}")
    done: list[dict[str, Any]] = []
    with Interruption(display.warn) as interruption:
        settings = Settings(
            "denoise", seconds=SECONDS, command=f"oneself denoise {noisy} {restored} --seconds {SECONDS:g}"
        )
        files = Files(noisy, str(restored), overwrite=overwrite)
        code = attempt(Restorer(settings, files, Aids(), display, interruption), Job(noisy, restored), done, [])
    if done:
        before, after = _tensor(picture), _tensor(io.read(restored))
        write_snapshot(side_by_side(before, after, Shades(before, gamma=GAMMA), ZOOM), both)
        display.say(f"Now look at {both}: before and after, brightened and {ZOOM} times enlarged")
    return code


def _sky() -> Picture:
    """The picture that scikit-image brings along; nothing is fetched."""
    found = importlib.resources.files("skimage.data").joinpath(PICTURE)
    with importlib.resources.as_file(found) as path:
        return Picture(np.ascontiguousarray(io.read(path).pixels[PLACE]), "YXC")


def _tensor(picture: Picture) -> Tensor:
    unit, _ = to_unit(picture.pixels, 255)
    return torch.from_numpy(np.moveaxis(unit, -1, 0).copy())[None]
