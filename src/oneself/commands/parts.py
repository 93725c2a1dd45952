"""What a method found besides the image, such as its uncertainty, as files beside the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from oneself import data
from oneself.commands.checkpoints import Done
from oneself.data import Metadata, Picture

__all__ = ["part_files", "write_parts"]


def part_files(picture: Picture, done: Sequence[Done], target: Path) -> Mapping[Path, tuple[str, Picture]]:
    """Where each part of a result goes, its name, and what is written: float32, with the
    result's axes and pixel sizes; NaN in items that have no such part. ``picture`` is the input, ``target`` the result.
    """
    found, upright = {}, data.upright(picture)  # without the tags that say how it is turned
    for name in dict.fromkeys(name for item in done for name in item.parts):
        pixels = [
            np.broadcast_to(item.parts.get(name, np.float32(np.nan)), item.pixels.shape).astype(np.float32)
            for item in done
        ]
        joined = data.join(upright, pixels)
        told = Metadata(resolution=joined.metadata.resolution, pixel_size=joined.metadata.pixel_size)
        found[data.part_path(target, name, signal=joined.axes == "X")] = (
            name,
            Picture(joined.pixels, joined.axes, metadata=told),
        )
    return found


def write_parts(
    files: Mapping[Path, tuple[str, Picture]],
    may_replace: Callable[[Path], bool],
    say: Callable[[str], None],
    warn: Callable[[str], None],
) -> dict[str, Path]:
    """Write them, by name; a file that is there and may not be replaced is left as it is, and that is told.

    Raises
    ------
    OSError
        One could not be written.
    """
    made = {}
    for path, (name, picture) in files.items():
        replacing = path.exists()
        if replacing and not may_replace(path):
            warn(f"{path} is there and was left as it is; the {name} was not written. Give --overwrite to replace it.")
            continue
        made[name] = data.write(picture, path, overwrite=replacing)
        say(f"  wrote {path}: {name}")
    return made
