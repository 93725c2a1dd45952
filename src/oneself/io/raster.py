"""JPEG, WebP, BMP, GIF and TGA through Pillow, with the coding and the metadata the file had."""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np

from . import colours, frames
from .bounds import DENSEST, check_claim
from .picture import Metadata, Picture, Resolution
from .png import split_alpha

MARKER = b"Exif\0\0"
_DENSEST_JPEG = 4096  # 1,024 pixels in three components have 18 blocks of at least a bit each
NEW_JPEG_QUALITY = 95  # for pictures that were no JPEG before; WebP that was lossy is written at the same
_MODES = {"1", "L", "LA", "P", "RGB", "RGBA", "CMYK"}
_RESOLVED = "the colour table was resolved: the result is RGB"
_JPEG_UNITS = {0: "none", 1: "inch", 2: "centimetre"}


@dataclass(frozen=True)
class JpegCoding:
    """How a JPEG file was coded, and the marker segments (IPTC, comments) that Pillow would drop."""

    tables: Mapping[int, list[int]]
    subsampling: int
    progressive: bool
    segments: tuple[bytes, ...]


@dataclass(frozen=True)
class WebpCoding:
    """Whether a WebP file was lossless."""

    lossless: bool


def read(path: Path, kind: str) -> Picture:
    """A JPEG, WebP, BMP, GIF or TGA picture, of an animation all frames along T. ValueError for a colour mode that
    cannot be restored."""
    data = path.read_bytes()
    with opened(data, kind) as image:
        check_claim(image.width * image.height * len(image.getbands()), *_held(data, kind))
        if kind == "gif" or (kind == "webp" and image.n_frames > 1):
            return _animation(image, data, path, kind)
        image.load()
        metadata, notes = _metadata(image, data, kind), _notes(image, path, kind)
        pixels = np.array(image.convert("RGB") if image.mode == "P" else image)
        if image.mode == "CMYK":
            pixels, note = colours.cmyk_to_rgb(pixels, metadata.icc)
            metadata, notes = _in_rgb(metadata), (*notes, note)
        pixels, alpha = split_alpha(pixels)
    return Picture(pixels, "YXC" if pixels.ndim == 3 else "YX", kind, metadata, alpha, path, notes)


def _animation(image: Any, data: bytes, path: Path, kind: str) -> Picture:
    pixels, alpha, timing = frames.read_frames(image, len(data))
    metadata, notes = _metadata(image, data, kind), []
    if kind == "gif":
        notes.append("the colour tables were resolved" if pixels.ndim == 3 else _RESOLVED)
    if len(pixels) == 1:
        pixels, alpha = frames.still(pixels, alpha)
        return Picture(pixels, "YXC"[: pixels.ndim], kind, metadata, alpha, path, tuple(notes))
    notes.append(f"an animation: its {len(pixels)} frames are restored one by one")
    timed = replace(metadata, timing=timing)
    return Picture(pixels, "TYXC"[: pixels.ndim], kind, timed, alpha, path, tuple(notes))


def _in_rgb(metadata: Metadata) -> Metadata:
    """The metadata of a picture that was CMYK: without its profile, and without the coarser chroma it did not have."""
    native = metadata.native
    return replace(
        metadata, icc=None, native=replace(native, subsampling=0) if isinstance(native, JpegCoding) else native
    )


def opened(data: bytes, kind: str) -> Any:
    """Pillow's image, unread, without its guard against large pictures: that is one setting for the whole process."""
    from PIL import BmpImagePlugin, GifImagePlugin, JpegImagePlugin, TgaImagePlugin, WebPImagePlugin

    plugins = {
        "bmp": BmpImagePlugin.BmpImageFile,
        "gif": _gif(GifImagePlugin.GifImageFile),
        "jpeg": JpegImagePlugin.jpeg_factory,
        "tga": TgaImagePlugin.TgaImageFile,
        "webp": WebPImagePlugin.WebPImageFile,
    }
    return plugins[kind](io.BytesIO(data))


@functools.cache
def _gif(pillow: Any) -> Any:
    """Pillow's class, whose screen stays as large as the first frame made it.

    Pillow would enlarge it to whatever a later frame claims, and take the memory at once.
    """

    class Gif(pillow):  # type: ignore[misc]
        _opening = True

        def __init__(self, stream: io.BytesIO) -> None:
            super().__init__(stream)
            self._opening = False

        @property
        def _size(self) -> tuple[int, int]:
            return cast(tuple[int, int], self.__dict__["_size"])

        @_size.setter
        def _size(self, size: tuple[int, int]) -> None:
            if not self._opening and size != self._size:
                raise ValueError(
                    f"a frame reaches to {size[0]} × {size[1]} on a screen of {self.width} × {self.height}"
                )
            self.__dict__["_size"] = size

    return Gif


def _held(data: bytes, kind: str) -> tuple[int, int]:
    """The bytes that hold the pixels, and how many of those one can stand for."""
    if kind == "bmp":
        header, compression = struct.unpack("<I12xI", data[14:34])
        return len(data), 8 if header < 40 or compression in (0, 3) else DENSEST  # 1-bit pixels become bytes
    return len(data), _DENSEST_JPEG if kind == "jpeg" else DENSEST


def write(picture: Picture, path: Path, kind: str, quality: int | None = None) -> None:
    """The picture as JPEG, WebP, BMP, GIF (256 colours for each frame) or TGA.

    JPEG: the quantisation tables, subsampling and scan order of a source that was JPEG, else quality 95. WebP: lossless
    unless the source was a lossy WebP, then quality 95; gray becomes RGB of equal channels, the only kind there is.
    `quality` (1 to 100) codes JPEG and WebP anew at that quality.
    """
    options = _OPTIONS[kind](picture) if kind in _OPTIONS else {}
    buffer = io.BytesIO()
    coding = options if quality is None else _at_quality(options, quality)
    frames.images(picture)[0].save(buffer, format=kind, **coding)
    data = buffer.getvalue()
    path.write_bytes(_finish_jpeg(data, picture.metadata) if kind == "jpeg" else data)


def _notes(image: Any, path: Path, kind: str) -> tuple[str, ...]:
    if image.mode not in _MODES:
        raise ValueError(
            f"read(path={str(path)!r}): {kind.upper()} in colour mode {image.mode} is not supported. "
            "Convert it to RGB or gray first."
        )
    several = getattr(image, "n_frames", 1)
    notes = [_RESOLVED] if image.mode == "P" else []
    return (*notes, *([f"only the first of {several} pictures in the file was read"] if several > 1 else []))


def _metadata(image: Any, data: bytes, kind: str) -> Metadata:
    exif = image.info.get("exif")
    native: object | None = None
    resolution = None
    if kind == "jpeg":
        native, resolution = _jpeg_coding(image, data), _jfif_resolution(image.info)
    elif kind == "webp":
        native = WebpCoding(_is_lossless(data))
    elif kind == "bmp":
        resolution = _bmp_resolution(data)
    return Metadata(
        exif=exif.removeprefix(MARKER) if exif else None,
        icc=image.info.get("icc_profile") or None,
        xmp=image.info.get("xmp") or None,
        resolution=resolution,
        native=native,
    )


def _jpeg_coding(image: Any, data: bytes) -> JpegCoding:
    from PIL import JpegImagePlugin

    tables = {key: list(table) for key, table in image.quantization.items()}
    subsampling = JpegImagePlugin.get_sampling(image) if image.mode != "L" else -1
    kept = tuple(s for s in _segments(data) if s[1] in (0xED, 0xFE))  # Photoshop/IPTC and comments
    return JpegCoding(tables, subsampling, bool(image.info.get("progressive")), kept)


def _segments(data: bytes) -> Iterator[bytes]:
    offset = 2
    while data[offset] == 0xFF and data[offset + 1] != 0xDA:
        length = int.from_bytes(data[offset + 2 : offset + 4], "big")
        yield data[offset : offset + 2 + length]
        offset += 2 + length
        while data[offset : offset + 2] == b"\xff\xff":  # fill bytes may precede a marker
            offset += 1


def _jfif_resolution(info: Mapping[str, Any]) -> Resolution | None:
    x, y = info.get("jfif_density", (0, 0))
    unit = _JPEG_UNITS.get(info.get("jfif_unit", 0), "none")
    return Resolution(Fraction(x), Fraction(y), unit) if x and y and (unit != "none" or x != y) else None


def _jpeg_options(picture: Picture) -> dict[str, Any]:
    metadata = picture.metadata
    options: dict[str, Any] = {"icc_profile": metadata.icc, "exif": MARKER + metadata.exif if metadata.exif else b""}
    if metadata.xmp:
        options["xmp"] = metadata.xmp
    native = metadata.native
    if not isinstance(native, JpegCoding):
        return options | {"quality": NEW_JPEG_QUALITY, "subsampling": 0}
    options |= {"qtables": native.tables, "progressive": native.progressive, "optimize": True}
    return options | ({"subsampling": native.subsampling} if native.subsampling >= 0 else {})


def _at_quality(options: dict[str, Any], quality: int) -> dict[str, Any]:
    coding = {"qtables", "lossless", "exact"}
    return {name: value for name, value in options.items() if name not in coding} | {"quality": quality}


def _finish_jpeg(data: bytes, metadata: Metadata) -> bytes:
    """Set the density of the JFIF header exactly, and put the kept segments behind it."""
    native = metadata.native
    kept = b"".join(native.segments) if isinstance(native, JpegCoding) else b""
    end = 4 + int.from_bytes(data[4:6], "big")
    if data[2:4] != b"\xff\xe0":
        return data[:2] + kept + data[2:]
    header = bytearray(data[2:end])
    header[11:16] = _density(metadata.resolution)
    return data[:2] + bytes(header) + kept + data[end:]


def _density(resolution: Resolution | None) -> bytes:
    plain = struct.pack(">BHH", 0, 1, 1)
    if resolution is None:
        return plain
    if resolution.unit == "metre":
        resolution = resolution.into("inch") or resolution
    x, y = round(resolution.x), round(resolution.y)
    unit = next(key for key, name in _JPEG_UNITS.items() if name == resolution.unit)
    return struct.pack(">BHH", unit, x, y) if 0 < x < 65536 and 0 < y < 65536 else plain


def _is_lossless(data: bytes) -> bool:
    offset = 12
    while offset + 8 <= len(data):
        name, length = struct.unpack("<4sI", data[offset : offset + 8])
        if name in (b"VP8 ", b"VP8L"):
            return bool(name == b"VP8L")
        offset += 24 if name == b"ANMF" else 8 + length + length % 2  # a frame holds its own chunks
    return False


def _webp_options(picture: Picture) -> dict[str, Any]:
    metadata, native = picture.metadata, picture.metadata.native
    lossless = native.lossless if isinstance(native, WebpCoding) else True
    coding = {"lossless": True, "exact": True} if lossless else {"quality": NEW_JPEG_QUALITY}
    coding |= frames.options(picture)
    return coding | {"exif": metadata.exif or b"", "icc_profile": metadata.icc or b"", "xmp": metadata.xmp or b""}


def _bmp_resolution(data: bytes) -> Resolution | None:
    (header,) = struct.unpack("<I", data[14:18])
    x, y = struct.unpack("<ii", data[38:46]) if header >= 40 else (0, 0)
    return Resolution(Fraction(x), Fraction(y), "metre") if x > 0 and y > 0 else None


def _bmp_options(picture: Picture) -> dict[str, Any]:
    metric = picture.metadata.resolution and picture.metadata.resolution.into("metre")
    return {"dpi": tuple(float(v) / 39.3701 for v in metric[:2])} if metric else {}


_OPTIONS = {"jpeg": _jpeg_options, "webp": _webp_options, "bmp": _bmp_options, "gif": frames.gif_options}
