"""Portable bitmaps, graymaps and pixmaps (Netpbm), in 1, 8 and 16 bits: Pillow would scale what is not of 8 bits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .bounds import check_claim
from .picture import Metadata, Picture, Pixels

_TOKEN = re.compile(rb"(?:\s|#[^\n]*\n)*([0-9]+)")
_BITS, _GRAY, _COLOUR = b"14", b"25", b"36"  # the letters after P: as text, and as bytes
DIGITS = 7  # of a number in a header


@dataclass(frozen=True)
class PnmCoding:
    """The value that is shown white."""

    white: int


def read(path: Path) -> Picture:
    """A PBM, PGM or PPM picture. EOFError if it is cut off or claims more than it holds."""
    data = path.read_bytes()
    kind, numbers, at = data[1:2], list[int](), 2
    for _ in range(2 if kind in _BITS else 3):
        found = _TOKEN.match(data, at)
        if found is None or len(found.group(1)) > DIGITS:
            raise EOFError("its header has no width, height and largest value")
        numbers.append(int(found.group(1)))
        at = found.end()
    width, height, white = (*numbers, 1)[:3]
    if not (width and height and 0 < white < 65536):
        raise EOFError(f"a header of {width} × {height} pixels up to {white}")
    samples = 3 if kind in _COLOUR else 1
    text = kind in b"123"
    pixels = (_from_text if text else _from_bytes)(data[at:] if text else data[at + 1 :], kind, width, height, white)
    pixels = pixels.reshape(height, width, samples) if samples == 3 else pixels.reshape(height, width)
    axes = "YXC" if samples == 3 else "YX"
    return Picture(pixels, axes, "pnm", Metadata(native=PnmCoding(white)), source=path)


def write(picture: Picture, path: Path) -> None:
    """The picture as bytes: PBM for one bit, PGM for gray, PPM for colour; up to the largest value its source had."""
    pixels, native = picture.pixels, picture.metadata.native
    height, width = pixels.shape[:2]
    if pixels.dtype == np.bool_:
        path.write_bytes(b"P4\n%d %d\n" % (width, height) + np.packbits(~pixels, axis=1).tobytes())
        return
    most = int(np.iinfo(pixels.dtype).max)
    fits = isinstance(native, PnmCoding) and (native.white > 255) == (most > 255)
    white = native.white if fits and isinstance(native, PnmCoding) else most
    head = b"P%d\n%d %d\n%d\n" % (6 if pixels.ndim == 3 else 5, width, height, white)
    path.write_bytes(head + np.minimum(pixels, white).astype(f">u{pixels.dtype.itemsize}").tobytes())


def _from_bytes(data: bytes, kind: bytes, width: int, height: int, white: int) -> Pixels:
    if kind in _BITS:
        line = -(-width // 8)
        check_claim(height * line, len(data), most=1, room=0)
        check_claim(height * width, len(data), most=8, room=0)
        rows = np.frombuffer(data, np.uint8, height * line).reshape(height, line)
        return ~np.unpackbits(rows, axis=1, count=width).astype(bool)
    stored = np.dtype(">u2" if white > 255 else "u1")
    count = width * height * (3 if kind in _COLOUR else 1)
    check_claim(count * stored.itemsize, len(data), most=1, room=0)
    return np.frombuffer(data, stored, count).astype(stored.newbyteorder("="))


def _from_text(data: bytes, kind: bytes, width: int, height: int, white: int) -> Pixels:
    count = width * height * (3 if kind in _COLOUR else 1)
    check_claim(count, len(data), most=1, room=0)
    plain = re.sub(rb"#[^\n]*", b" ", data)
    if kind in _BITS:  # whose digits may stand without spaces
        digits = np.frombuffer(plain, np.uint8)
        return _all(digits[(digits == 48) | (digits == 49)] == 48, count)
    numbers = [int(word) for word in plain.split(maxsplit=count)[:count] if len(word) <= DIGITS]
    if max(numbers, default=0) > white:
        raise EOFError(f"values up to {max(numbers)}, where its header says {white}")
    return _all(np.array(numbers, np.uint16 if white > 255 else np.uint8), count)


def _all(values: Pixels, count: int) -> Pixels:
    if values.size < count:
        raise EOFError(f"{values.size:,} values of {count:,}")
    return values[:count]
