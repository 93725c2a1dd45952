"""Pictures to train on out of a folder of the user's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oneself import io

__all__ = ["Photographs", "photographs"]


@dataclass(frozen=True)
class Photographs:
    """Squares out of the pictures of a folder, one after another: square ``k`` is of picture ``k`` modulo their number,
    at a place by chance.

    Attributes
    ----------
    files : sequence of Path
    channels, size, seed : int
        Of the squares; their side in pixels.
    sha256 : str
        Of all files.
    """

    files: tuple[Path, ...]
    channels: int
    size: int
    seed: int
    sha256: str

    def __call__(self, number: int) -> NDArray[np.float16]:
        """``(size, size, channels)`` in [0, 1]. Raises as ``io.read``."""
        pixels = _pixels(self.files[number % len(self.files)], self.channels)
        rng = np.random.default_rng((self.seed, number))
        top, left = (rng.integers(n - self.size + 1) for n in pixels.shape[:2])
        return pixels[top : top + self.size, left : left + self.size].astype(np.float16)


def photographs(folder: Path, channels: int, size: int, least: int, seed: int) -> Photographs:
    """The pictures of a folder, each looked at once.

    Parameters
    ----------
    folder : Path
    channels : int
        Gray pictures are taken for all channels alike, the mean of a colour picture for one.
    size, least : int
        The side of the squares, smaller where a picture is, and the least that it may be.
    seed : int

    Raises
    ------
    OSError, ValueError
        No such folder, or none in it; one that cannot be read, is no plain picture of 8 or 16 bits or in [0, 1], or
        smaller than ``least``.
    """
    files = tuple(io.find_images(folder))
    if not files:
        raise ValueError(f"pretrain(folder={str(folder)!r}): no pictures in this folder. Name another.")
    whole = hashlib.sha256()
    for path in files:
        side = min(_pixels(path, channels).shape[:2])
        if side < least:
            raise ValueError(
                f"pretrain(folder={str(folder)!r}): {path.name} has a side of {side} pixels, less than a patch of "
                f"{least}. Take it out, or give a smaller --patch."
            )
        size = min(size, side)
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return Photographs(files, channels, size, seed, whole.hexdigest())


def _pixels(path: Path, channels: int) -> NDArray[np.float32]:
    """``(H, W, channels)`` in [0, 1]."""
    items = io.split(io.read(path))
    pixels, told = items[0].pixels, f"pretrain(folder={str(path.parent)!r}): {path.name}"
    if len(items) != 1 or items[0].axes != "YX":
        raise ValueError(f"{told} is no single picture. Take it out.")
    white = float(np.iinfo(pixels.dtype).max) if pixels.dtype.kind == "u" else 1.0
    values = pixels.astype(np.float32) / np.float32(white)
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"{told} has values outside 0 to 1 ({pixels.dtype}). Take it out.")
    if len(values) != channels:
        values = values[:3].mean(axis=0, keepdims=True).repeat(channels, axis=0)
    return values.transpose(1, 2, 0)
