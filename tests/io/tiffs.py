"""Small TIFF files to read."""

import numpy as np
import tifffile

from oneself.io import ifd, read, write

RNG = np.random.default_rng(0)


def stack(shape, dtype="uint16"):
    """Numbers that differ everywhere, so that a plane or axis in the wrong place shows."""
    if np.dtype(dtype).kind == "f":
        return RNG.random(shape).astype(dtype)
    return RNG.integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def make(path, pixels, **options):
    """A TIFF by tifffile, gray unless told otherwise."""
    if "ome" not in path.name and not options.get("imagej"):
        options.setdefault("photometric", "minisblack")
    tifffile.imwrite(path, pixels, **options)


def rewritten(path, tmp_path, name="b.tif"):
    given = read(path)
    return given, write(given, tmp_path / name)


def tags(path, page=0):
    """All tags of a page as raw bytes, but for those that say where and how pixels are stored."""
    storage = {273, 278, 279, 324, 325}
    with path.open("rb") as file:
        entries = list(ifd.directories(file))[page][1]
    return {e.code: (e.kind, e.raw, e.children) for e in entries if e.code not in storage}
