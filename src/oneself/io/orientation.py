"""How a file's pixels are turned before they are shown: EXIF's and TIFF's orientation, tag 274."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from . import exif
from .exif import ORIENTATION

if TYPE_CHECKING:
    from .picture import Metadata, Picture

__all__ = ["is_swapped", "orientation", "shown", "stored", "upright"]

Array = np.ndarray[Any, np.dtype[Any]]

UPRIGHT = 1
# by tag: whether rows and columns change places, then whether rows and columns are reversed
TURNS = {
    1: (False, False, False), 2: (False, False, True), 3: (False, True, True), 4: (False, True, False),
    5: (True, False, False), 6: (True, False, True), 7: (True, True, True), 8: (True, True, False),
}  # fmt: skip


def orientation(metadata: Metadata) -> int:
    """The orientation, 1 to 8, that a file asks its pixels to be shown in; 1 where it says none, or none that is."""
    pages = getattr(metadata.native, "pages", ())
    order = getattr(metadata.native, "order", "<")
    entries = pages[0] if pages else ()
    if metadata.exif and not entries:
        try:
            entries, layout = exif.read_block(metadata.exif)
            order = layout.order
        except (ValueError, EOFError):
            return UPRIGHT
    found = [entry.integers(order) for entry in entries if entry.code == ORIENTATION]
    return found[0][0] if found and len(found[0]) == 1 and found[0][0] in TURNS else UPRIGHT


def shown(pixels: Array, turned: int) -> Array:
    """Pixels ``(..., Y, X)`` as they are shown, a view."""
    swapped, down, across = TURNS[turned]
    pixels = pixels.swapaxes(-2, -1) if swapped else pixels
    return pixels[..., :: -1 if down else 1, :: -1 if across else 1] if down or across else pixels


def stored(pixels: Array, turned: int) -> Array:
    """The inverse of ``shown``, a view."""
    swapped, down, across = TURNS[turned]
    pixels = pixels[..., :: -1 if down else 1, :: -1 if across else 1] if down or across else pixels
    return pixels.swapaxes(-2, -1) if swapped else pixels


def is_swapped(picture: Picture) -> bool:
    """Whether rows and columns change places when the picture is shown."""
    return TURNS[picture.orientation][0]


def upright(picture: Picture) -> Picture:
    """The picture with its pixels stored as they are shown, and no orientation to say."""
    turned = picture.orientation
    if turned == UPRIGHT or "Y" not in picture.axes:
        return picture
    pixels = _turned(picture.pixels, picture.axes, turned)
    alpha = None if picture.alpha is None else _turned(picture.alpha, picture.axes.replace("C", ""), turned)
    return replace(picture, pixels=pixels, alpha=alpha, metadata=_of_upright(picture.metadata, TURNS[turned][0]))


def _turned(pixels: Array, axes: str, turned: int) -> Array:
    places = [axes.index("Y"), axes.index("X")]
    return np.ascontiguousarray(np.moveaxis(shown(np.moveaxis(pixels, places, [-2, -1]), turned), [-2, -1], places))


def _of_upright(metadata: Metadata, swapped: bool) -> Metadata:
    density, sizes = metadata.resolution, dict(metadata.pixel_size)
    if swapped:
        density = density and density._replace(x=density.y, y=density.x)
        sizes = {{"X": "Y", "Y": "X"}.get(axis, axis): size for axis, size in sizes.items()}
    block = metadata.exif
    if block:
        try:
            entries, layout = exif.read_block(block)
            block = exif.make_block([e for e in entries if e.code != ORIENTATION], layout.order)
        except (ValueError, EOFError):
            block = None
    native = metadata.native
    pages = getattr(native, "pages", None)
    if pages is not None:
        kept = tuple(tuple(e for e in page if e.code != ORIENTATION) for page in pages)
        native = replace(native, pages=kept)  # type: ignore[type-var]
    return replace(metadata, exif=block, resolution=density, pixel_size=sizes, native=native)
