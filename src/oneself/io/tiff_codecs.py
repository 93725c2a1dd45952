"""TIFF codings. tifffile alone knows Deflate and LZMA; with the `imagecodecs` package it knows nearly all. Without that
LZW, Zstandard and the floating-point predictor are undone here, strip by strip, and JPEG is left to Pillow.
"""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from . import ifd
from .ifd import Entry, Layout
from .picture import Pixels

_LOSSLESS = (1, 5, 8, 32773, 32946, 34925, 50000)
_ZSTANDARD = 50000
_THROUGH_LIBTIFF = (5, _ZSTANDARD)
_DEFLATE = (8, 32946)
_JPEG = (6, 7)
_FAX = (2, 3, 4)
_YCBCR = 6


def writable() -> frozenset[int]:
    """The lossless codings that can be written here."""
    import tifffile

    return frozenset(code for code in _LOSSLESS if _works(tifffile.TIFF.COMPRESSORS, code, b"test"))


def predictors() -> frozenset[int]:
    """The predictors that can be written here (1: none, 2: differences, 3: differences of floating-point bytes)."""
    import tifffile

    return frozenset(code for code in (1, 2, 3) if code in tifffile.TIFF.PREDICTORS)


def pixels(path: Path, series: Any) -> Pixels:
    """The pixels of a tifffile series; coded luma and chroma come as RGB.

    Raises EOFError if strips are damaged, ValueError if their coding is unknown.
    """
    import tifffile

    page = series.keyframe
    coding, subsampled = int(page.compression), int(page.photometric) == _YCBCR and int(page.compression) != 1
    known = page.compression in tifffile.TIFF.DECOMPRESSORS and page.predictor in tifffile.TIFF.UNPREDICTORS
    try:
        if known and not subsampled:
            with suppress(ImportError):  # Zstandard is listed, but older Pythons have no module for it
                return np.asarray(series.asarray())
        if coding in (*_JPEG, *_FAX) or subsampled:
            return _through_pillow(path, series)
        if coding in (*_THROUGH_LIBTIFF, *_DEFLATE):
            return _recoded(page, path, series)
    except (zlib.error, EOFError, OSError, RuntimeError, struct.error) as error:
        if coding != _ZSTANDARD:  # which not every libtiff knows
            raise EOFError(str(error)) from error
    raise _needs_imagecodecs(path, getattr(page.compression, "name", page.compression))


def _needs_imagecodecs(path: Path, name: object) -> ValueError:
    return ValueError(
        f"read(path={str(path)!r}): {name} compression needs the package imagecodecs. "
        "Install it (pip install imagecodecs), or save the file uncompressed."
    )


def _works(codecs: Any, code: int, sample: bytes) -> bool:
    try:
        return code == 1 or bool(codecs[code](sample))
    except (KeyError, NotImplementedError, ImportError, AttributeError, TypeError, RuntimeError):
        return False


def _through_pillow(path: Path, series: Any) -> Pixels:
    from PIL import TiffImagePlugin

    copy = io.BytesIO(path.read_bytes())
    layout, _ = ifd.read_header(copy)
    chain = list(ifd.directories(copy))
    for offset, entries in chain:
        upright = {274: 1}  # Pillow would turn the picture
        if any(entry.code == 262 and entry.integers(layout.order) == (0,) for entry in entries):
            upright[262] = 1  # and make black of white
        _overwrite(copy, layout, offset, dict(upright))
    places = {offset: number for number, (offset, _) in enumerate(chain)}
    if any(page.offset not in places for page in series.pages):
        raise _needs_imagecodecs(path, getattr(series.keyframe.compression, "name", series.keyframe.compression))
    copy.seek(0)
    frames = []
    with TiffImagePlugin.TiffImageFile(copy) as image:
        for page in series.pages:
            image.seek(places[page.offset])
            frames.append(_shown(image, copy.getvalue()))
    if any(frame.shape != series.keyframe.shape or frame.dtype != series.dtype for frame in frames):
        raise _needs_imagecodecs(path, getattr(series.keyframe.compression, "name", series.keyframe.compression))
    return np.stack(frames).reshape(series.shape)


def _shown(image: Any, data: bytes) -> Pixels:
    """What libtiff makes of the page that a Pillow image is at, without Pillow's guard against large pictures."""
    from PIL import Image

    tile = image.tile[0]
    if tile[0] != "libtiff":
        raise EOFError("its coding is not what it says")
    return np.asarray(Image.frombytes(image.mode, image.size, data, tile[0], *tile[3]))


def _recoded(page: Any, path: Path, series: Any) -> Pixels:
    """Decode each strip or tile, store it as plain Deflate in a copy in memory, and let tifffile assemble that."""
    import tifffile

    copy = io.BytesIO(path.read_bytes())
    layout, _ = ifd.read_header(copy)
    for offset, entries in list(ifd.directories(copy)):
        tags = {entry.code: entry for entry in entries}
        _replace_segments(copy, layout, offset, tags, page)
    copy.seek(0)
    with tifffile.TiffFile(copy) as file:
        return np.asarray(next(s for s in file.series if s.shape == series.shape).asarray())


def _replace_segments(copy: io.BytesIO, layout: Layout, offset: int, tags: dict[int, Entry], page: Any) -> None:
    tiled = 324 in tags
    where, counts = (tags[c].integers(layout.order) for c in ((324, 325) if tiled else (273, 279)))
    starts, lengths = [], []
    for index, (start, count) in enumerate(zip(where, counts, strict=True)):
        copy.seek(start)
        data = zlib.compress(_decode(copy.read(count), _rows(page, index, tiled), page, layout.order), 1)
        starts.append(copy.seek(0, 2))
        lengths.append(len(data))
        copy.write(data)
    changed = {
        259: 8,
        317: 2 if int(page.predictor) == 2 else 1,
        324 if tiled else 273: starts,
        325 if tiled else 279: lengths,
    }
    _overwrite(copy, layout, offset, changed)


def _rows(page: Any, index: int, tiled: bool) -> int:
    if tiled:
        return int(page.tilelength)
    per_plane = -(-page.imagelength // page.rowsperstrip)
    return int(min(page.rowsperstrip, page.imagelength - (index % per_plane) * page.rowsperstrip))


def _decode(data: bytes, rows: int, page: Any, order: str) -> bytes:
    width = int(page.tilewidth if page.is_tiled else page.imagewidth)
    samples = int(page.samplesperpixel) if int(page.planarconfig or 1) == 1 else 1
    size = rows * -(-width * samples * int(page.bitspersample) // 8)
    plain = zlib.decompress(data) if int(page.compression) in _DEFLATE else _libtiff(data, size, int(page.compression))
    return _undo_float_differences(plain, rows, width, samples, page, order) if int(page.predictor) == 3 else plain


def _libtiff(data: bytes, size: int, compression: int) -> bytes:
    """Have Pillow's libtiff decode `size` bytes by showing them as one row of a gray image."""
    from PIL import TiffImagePlugin

    rows = [
        (256, size),
        (257, 1),
        (258, 8),
        (259, compression),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, 1),
        (279, len(data)),
    ]
    entries = [ifd.long(code, value, "<") for code, value in rows]
    start = 8 + len(data) + len(data) % 2
    head = struct.pack("<2sHI", b"II", 42, start)
    tiff = head + data.ljust(start - 8, b"\0") + ifd.pack(entries, Layout("<"), start)
    with TiffImagePlugin.TiffImageFile(io.BytesIO(tiff)) as image:
        return bytes(_shown(image, tiff).tobytes())


def _undo_float_differences(plain: bytes, rows: int, width: int, samples: int, page: Any, order: str) -> bytes:
    """Predictor 3 (Adobe Photoshop TIFF Technical Note 3): rows of byte planes, high bytes first, as differences."""
    size = int(page.bitspersample) // 8
    steps = np.frombuffer(plain, np.uint8).reshape(rows, width * size, samples)
    planes = np.add.accumulate(steps, axis=1, dtype=np.uint8).reshape(rows, size, width * samples)
    big = np.ascontiguousarray(planes.transpose(0, 2, 1)).view(f">f{size}")
    return big.astype(f"{order}f{size}").tobytes()


def _overwrite(copy: io.BytesIO, layout: Layout, offset: int, changed: dict[int, int | list[int]]) -> None:
    """Set tags of the directory at `offset`, lists of values behind the end of the file."""
    head, step = struct.calcsize(layout.counter), 20 if layout.big else 12
    copy.seek(offset)
    (count,) = struct.unpack(layout.counter, copy.read(head))
    for row in range(offset + head, offset + head + count * step, step):
        copy.seek(row)
        (code,) = struct.unpack(layout.order + "H", copy.read(2))
        value = changed.get(code)
        if value is None:
            continue
        values = [value] if isinstance(value, int) else value
        raw = struct.pack(f"{layout.order}{len(values)}{'Q' if layout.big else 'I'}", *values)
        if len(raw) > layout.width:
            place = copy.seek(0, 2)
            copy.write(raw)
            raw = struct.pack(layout.pointer, place)
        copy.seek(row + 2)
        copy.write(
            struct.pack(layout.order + ("HQ" if layout.big else "HI"), 16 if layout.big else 4, len(values)) + raw
        )
