"""EXIF blocks: taken from and given to every format unchanged, edited only where a new image size makes them wrong."""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction

from . import ifd
from .ifd import Entry, Layout

ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT = 274, 282, 283, 296
# what a main directory tells about the picture, not about its storage: words, dates, orientation, EXIF and GPS
DESCRIPTIVE = frozenset({269, 270, 271, 272, 274, 285, 305, 306, 315, 316, 33432, ifd.EXIF, ifd.GPS})
_WIDTHS, _HEIGHTS = frozenset({256, 0xA002}), frozenset({257, 0xA003})


def read_block(block: bytes) -> tuple[tuple[Entry, ...], Layout]:
    """The tags of an EXIF block (without thumbnail) and its layout. ValueError or EOFError if it is damaged."""
    file = io.BytesIO(block)
    layout, offset = ifd.read_header(file)
    return ifd.read_directory(file, layout, offset)[0], layout


def is_damaged(block: bytes) -> bool:
    """Whether an EXIF block, or a part of it, cannot be read: it would not survive being written anew."""
    try:
        return ifd.any_damaged(read_block(block)[0])
    except (ValueError, EOFError):
        return True


def make_block(entries: Iterable[Entry], order: str) -> bytes:
    """An EXIF block holding the given tags, whose values are in byte order `order`."""
    start = b"II*\0\x08\0\0\0" if order == "<" else b"MM\0*\0\0\0\x08"
    return start + ifd.pack(entries, Layout(order), 8)


def resize_block(block: bytes, width: int, height: int, across: Fraction, down: Fraction) -> bytes:
    """The block with size and resolution of the new image, without thumbnail; a damaged block stays as it is."""
    try:
        entries, layout = read_block(block)
    except (ValueError, EOFError):
        return block
    return make_block(resize(entries, layout.order, width, height, across, down), layout.order)


def resize(
    entries: Iterable[Entry], order: str, width: int, height: int, across: Fraction, down: Fraction
) -> tuple[Entry, ...]:
    """The tags with width and height tags set and resolutions multiplied by the scales, in sub-directories too."""

    def changed(entry: Entry) -> Entry:
        if entry.children is not None:
            return Entry(entry.code, entry.kind, b"", tuple(changed(child) for child in entry.children))
        if entry.code in _WIDTHS:
            return ifd.long(entry.code, width, order)
        if entry.code in _HEIGHTS:
            return ifd.long(entry.code, height, order)
        factor = {X_RESOLUTION: across, Y_RESOLUTION: down}.get(entry.code)
        values = entry.fractions(order) if factor is not None else ()
        return ifd.rational(entry.code, values[0] * factor, order) if factor and values else entry

    return tuple(changed(entry) for entry in entries)
