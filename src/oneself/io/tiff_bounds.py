"""Whether a TIFF file holds the pixels that its tables claim, found out before any are decoded."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from . import ifd
from .bounds import DEFLATE, DENSEST, ROOM, check_claim
from .ifd import Entry, Layout

_DENSITY = {1: 1, 5: 2731, 8: DEFLATE, 32773: 64, 32946: DEFLATE}  # bytes that one of a coding can stand for
_PIECE = 2**20
_YCBCR, _SUBSAMPLING = 6, 530


class _Page(NamedTuple):
    """Where the pixels of a page are, and how many bytes each strip or tile must have at least and at most."""

    compression: int
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    needed: tuple[int, ...]
    whole: int


def check_pages(path: Path) -> None:
    """Refuse a file of which pages, strips or tiles are missing, cut off or of another size than they should be.

    Raises EOFError or ValueError (what it claims is not there), MemoryError (it does not fit).
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        layout, _ = ifd.read_header(file)
        for _, entries in ifd.directories(file):
            page = _page(entries, layout)
            if page is not None:
                _check_page(file, page, size)


def check_series(series: Any, path: Path) -> None:
    """Refuse a series of more pixels than its files hold, or of pages that `check_pages` would refuse in other files.

    Raises as `check_pages` does.
    """
    page = series.keyframe
    files = {path.resolve(), *(Path(p.parent.filehandle.path).resolve() for p in series.pages if p is not None)}
    for other in files - {path.resolve()}:
        check_pages(other)
    itemsize, bits = int(series.dtype.itemsize), int(page.bitspersample)
    plain = int(page.compression) == 1 and not page.is_tiled  # tiles may be missing where there is only background
    held = sum(file.stat().st_size for file in files)
    most = -(-8 * itemsize // bits) if plain else DENSEST
    check_claim(int(series.size) * itemsize, held, most, room=0 if plain else ROOM)


def _page(entries: tuple[Entry, ...], layout: Layout) -> _Page | None:
    """None for a directory without pixels."""
    tags = {entry.code: entry.integers(layout.order) for entry in entries}

    def one(code: int, otherwise: int) -> int:
        return next(iter(tags.get(code, ())), otherwise)

    tiled = 324 in tags
    offsets, counts = (tags.get(code, ()) for code in ((324, 325) if tiled else (273, 279)))
    width, height, samples = one(256, 0), one(257, 0), one(277, 1)
    if not offsets or width < 1 or height < 1:
        return None
    together = one(284, 1) == 1
    rows, columns = (one(323, height), one(322, width)) if tiled else (min(one(278, height), height), width)
    if rows < 1 or columns < 1:
        raise ValueError("its strips or tiles have no size")
    line = -(-columns * (samples if together else 1) * one(258, 1) // 8)
    down, across = -(-height // rows), -(-width // columns)
    number = down * across * (1 if together else samples) * one(32997, 1)
    if len(offsets) < number:
        raise EOFError(f"{number} strips or tiles make the picture, and it has {len(offsets)}")
    exact = one(262, 1) != _YCBCR or tags.get(_SUBSAMPLING, (2, 2)) == (1, 1)
    last = rows if tiled else height - (down - 1) * rows
    heights = (last if index % down == down - 1 else rows for index in range(number))
    needed = tuple(line * h if exact else 0 for h in heights)
    return _Page(one(259, 1), offsets[:number], counts[:number], needed, line * rows)


def _check_page(file: BinaryIO, page: _Page, size: int) -> None:
    there = [o + c for o, c in zip(page.offsets, page.counts, strict=False) if o and c]
    if there and max(there) > size:
        raise EOFError(f"pixels up to byte {max(there)}, but only {size} bytes")
    check_claim(sum(page.needed), sum(page.counts), DENSEST)
    for offset, held, needed in zip(page.offsets, page.counts, page.needed, strict=False):
        if not offset or not held:
            continue  # a sparse file: nothing but the background there
        if page.compression == 1:
            _check_plain(offset, needed, size)
        else:
            check_claim(needed, held, _DENSITY.get(page.compression, DENSEST), room=0)
        pieces = _unpacked(file, page.compression, offset, held)
        if pieces is not None:
            _check_length(pieces, needed, page.whole)


def _check_plain(offset: int, needed: int, size: int) -> None:
    if offset + needed > size:
        raise EOFError(f"pixels up to byte {offset + needed}, but only {size} bytes")


def _check_length(pieces: Iterable[int], least: int, most: int) -> None:
    length = 0
    for piece in pieces:
        length += piece
        if length > most:
            raise ValueError(f"a strip or tile unpacks to more than its {most:,} bytes")
    if length < least:
        raise EOFError(f"a strip or tile unpacks to {length:,} bytes of {least:,}")


def _unpacked(file: BinaryIO, compression: int, offset: int, held: int) -> Iterator[int] | None:
    """The lengths of the pieces that a strip unpacks to; None for codings whose decoders are told the length."""
    if compression not in (8, 32946, 32773, 34925):
        return None
    file.seek(offset)
    data = file.read(held)
    if compression == 32773:
        return _packbits(data)
    return _lzma(data) if compression == 34925 else _deflate(data)


def _deflate(data: bytes) -> Iterator[int]:
    unpacker = zlib.decompressobj()
    while not unpacker.eof:
        piece = unpacker.decompress(data, _PIECE)
        data = unpacker.unconsumed_tail
        yield len(piece)
        if not piece and not data and not unpacker.eof:
            raise EOFError("a compressed part is cut off")


def _lzma(data: bytes) -> Iterator[int]:
    unpacker = lzma.LZMADecompressor()
    while not unpacker.eof:
        piece = unpacker.decompress(data, _PIECE)
        data = b""
        yield len(piece)
        if not piece and unpacker.needs_input:
            raise EOFError("a compressed part is cut off")


def _packbits(data: bytes) -> Iterator[int]:
    """TIFF 6.0, section 9: a count and what to copy, or to repeat."""
    at = 0
    while at < len(data):
        code = data[at]
        if code == 128:
            at += 1
        elif code < 128:
            yield min(code + 1, len(data) - at - 1)
            at += code + 2
        else:
            yield 257 - code
            at += 2
