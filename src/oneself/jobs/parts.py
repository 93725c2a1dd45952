"""What a method found besides the image, such as its uncertainty, as files beside the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from oneself import io
from oneself.io import Metadata, Picture
from oneself.jobs.checkpoints import Done
from oneself.jobs.keeping import Keeping, Record

__all__ = ["part_files", "write_parts"]


def part_files(picture: Picture, done: Sequence[Done], target: Path) -> Mapping[Path, tuple[str, Picture]]:
    """Where each part of a result goes, its name, and what is written: float32, with the
    result's axes and pixel sizes; NaN in items that have no such part. ``picture`` is the input, ``target`` the result.
    """
    found, upright = {}, io.upright(picture)  # without the tags that say how it is turned
    for name in dict.fromkeys(name for item in done for name in item.parts):
        pixels = [
            np.broadcast_to(item.parts.get(name, np.float32(np.nan)), item.pixels.shape).astype(np.float32)
            for item in done
        ]
        joined = io.join(upright, pixels)
        told = Metadata(resolution=joined.metadata.resolution, pixel_size=joined.metadata.pixel_size)
        found[io.part_path(target, name, signal=joined.axes == "X")] = (
            name,
            Picture(joined.pixels, joined.axes, metadata=told),
        )
    return found


def write_parts(
    files: Mapping[Path, tuple[str, Picture]],
    keeping: Keeping,
    say: Callable[[str], None],
    warn: Callable[[str], None],
) -> dict[str, Record]:
    """Write them; the record of where each is, by name.

    A file that is there and may not be replaced is left as it is, and so is one that is a result of the same call: the
    part is saved beside it, and that is told.
    """
    made: dict[str, Record] = {}
    for path, (name, picture) in files.items():
        if keeping.places.is_taken(path) or (path.exists() and not keeping.may_replace(path)):
            found = keeping.beside(path, keeping.picture_ways(picture, path))
            if found is not None:
                made[name] = found
                warn(f"{path} is there and was left as it is; the {name} is in {found['path']}.")
            continue
        kept = keeping.keep(path, keeping.picture_ways(picture, path))
        if kept is not None:
            made[name] = kept
            if keeping.is_in_place(kept):
                say(f"  wrote {path}: {name}")
    return made
