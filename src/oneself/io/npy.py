"""NumPy's own array files: pixels and nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from .bounds import check_claim
from .picture import Metadata, Picture, Pixels


@dataclass(frozen=True)
class NpyLayout:
    """How an array file was laid out: its byte order ("<", ">" or "=") and whether columns come first (Fortran)."""

    order: Literal["<", ">", "="]
    fortran: bool


def read(path: Path, axes: str | None) -> Picture:
    """An array: X, YX, or YXC where the last of three is 3 or 4; the rest needs `axes`. Never unpickles."""
    layout = _check_header(path)
    try:
        pixels = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise EOFError(str(error)) from error
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    return Picture(pixels, axes or _guess_axes(pixels, path), "npy", Metadata(native=layout), source=path)


def write(picture: Picture, path: Path) -> None:
    """The array, laid out like its source where that was one; an alpha goes along as the last channel, an axis C being
    made where there was none."""
    pixels, layout = with_alpha(picture)[0], picture.metadata.native
    if isinstance(layout, NpyLayout):
        pixels = pixels.astype(pixels.dtype.newbyteorder(layout.order), order="F" if layout.fortran else "C")
    with path.open("wb") as file:
        np.save(_Told(file), pixels, allow_pickle=False)


class _Told:
    """A file that numpy writes to with `write`: its own way past it does not tell that a disk is full at the end."""

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write


def with_alpha(picture: Picture) -> tuple[Pixels, str]:
    """Pixels and axes with alpha, where there is one, as the last entry of the channel axis."""
    pixels, axes, alpha = picture.pixels, picture.axes, picture.alpha
    if alpha is None:
        return pixels, axes
    if "C" not in axes:
        pixels, axes = pixels[..., np.newaxis], axes + "C"
    at = axes.index("C")
    return np.concatenate([pixels, np.expand_dims(alpha, at)], axis=at), axes


def _check_header(path: Path) -> NpyLayout:
    """Refuse a header that cannot be read, objects, and more values than the file holds."""
    headers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    with path.open("rb") as file:
        try:
            version = np.lib.format.read_magic(file)
            shape, fortran, dtype = headers[version](file)
        except (ValueError, KeyError, RecursionError, MemoryError) as error:
            raise EOFError(f"its header cannot be read: {str(error)[:100]}") from error
        held = path.stat().st_size - file.tell()
    if dtype.hasobject:
        raise ValueError(
            f"read(path={str(path)!r}): the array holds Python objects, which may run code. Save it again as numbers."
        )
    check_claim(math.prod(shape) * dtype.itemsize, held, most=1, room=0)
    orders: dict[str, Literal["<", ">", "="]] = {"<": "<", ">": ">"}
    return NpyLayout(orders.get(dtype.str[0], "="), bool(fortran))


def _guess_axes(pixels: Pixels, path: Path) -> str:
    if pixels.ndim in (1, 2):
        return "X" if pixels.ndim == 1 else "YX"
    if pixels.ndim == 3 and pixels.shape[-1] in (3, 4):
        return "YXC"
    raise ValueError(
        f"read(path={str(path)!r}, axes=None): an array of shape {pixels.shape} does not say what its axes are. "
        "Pass one "
        "letter for each as axes= / --axes: 'IYX' for a stack of images, 'ZYX' for a volume, 'CYX' for channels."
    )
