"""JPEG, WebP and BMP through Pillow, with the coding and the metadata the file had."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from .bounds import DENSEST, check_claim
from .npy import with_alpha
from .picture import Metadata, Picture, Resolution
from .png import split_alpha

MARKER = b"Exif\0\0"
_DENSEST_JPEG = 4096  # 1,024 pixels in three components have 18 blocks of at least a bit each
NEW_JPEG_QUALITY = 95  # for pictures that were no JPEG before; WebP that was lossy is written at the same
_MODES = {"1", "L", "LA", "RGB", "RGBA"}
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
    """A JPEG, WebP or BMP picture. ValueError for a colour mode or an animation that cannot be restored."""
    data = path.read_bytes()
    with opened(data, kind) as image:
        check_claim(image.width * image.height * len(image.getbands()), *_held(data, kind))
        image.load()
        notes = _notes(image, path, kind)
        metadata = _metadata(image, data, kind)
        if image.mode == "P":
            image = image.convert("RGB")
        pixels, alpha = split_alpha(np.array(image))
    return Picture(pixels, "YXC" if pixels.ndim == 3 else "YX", kind, metadata, alpha, path, notes)


def opened(data: bytes, kind: str) -> Any:
    """Pillow's image, unread, without its guard against large pictures: that is one setting for the whole process."""
    from PIL import BmpImagePlugin, JpegImagePlugin, WebPImagePlugin

    plugins = {
        "bmp": BmpImagePlugin.BmpImageFile,
        "jpeg": JpegImagePlugin.jpeg_factory,
        "webp": WebPImagePlugin.WebPImageFile,
    }
    return plugins[kind](io.BytesIO(data))


def _held(data: bytes, kind: str) -> tuple[int, int]:
    """The bytes that hold the pixels, and how many of those one can stand for."""
    if kind == "bmp":
        header, compression = struct.unpack("<I12xI", data[14:34])
        return len(data), 8 if header < 40 or compression in (0, 3) else DENSEST  # 1-bit pixels become bytes
    return len(data), _DENSEST_JPEG if kind == "jpeg" else DENSEST


def write(picture: Picture, path: Path, kind: str, quality: int | None = None) -> None:
    """The picture as JPEG, WebP or BMP.

    JPEG: the quantisation tables, subsampling and scan order of a source that was JPEG, else quality 95. WebP: lossless
    unless the source was a lossy WebP, then quality 95; gray becomes RGB of equal channels, the only kind there is.
    `quality` (1 to 100) codes JPEG and WebP anew at that quality.
    """
    from PIL import Image

    pixels = np.ascontiguousarray(with_alpha(picture)[0])
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[2] if pixels.ndim == 3 else 1]
    image = Image.fromarray(pixels)
    options = {"jpeg": _jpeg_options, "webp": _webp_options, "bmp": _bmp_options}[kind](picture.metadata, mode)
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **(options if quality is None else _at_quality(options, quality)))
    data = buffer.getvalue()
    path.write_bytes(_finish_jpeg(data, picture.metadata) if kind == "jpeg" else data)


def _notes(image: Any, path: Path, kind: str) -> tuple[str, ...]:
    frames = getattr(image, "n_frames", 1)
    if image.mode not in _MODES | {"P"}:
        raise ValueError(
            f"read(path={str(path)!r}): {kind.upper()} in colour mode {image.mode} is not supported. "
            "Convert it to RGB or gray first."
        )
    if frames > 1 and kind == "webp":
        raise ValueError(
            f"read(path={str(path)!r}): an animation of {frames} frames. "
            "Save them as one TIFF stack or as single files."
        )
    notes = ["the colour table was resolved: the result is RGB"] if image.mode == "P" else []
    if frames > 1:
        notes.append(f"only the first of {frames} pictures in the file was read")
    return tuple(notes)


def _metadata(image: Any, data: bytes, kind: str) -> Metadata:
    exif = image.info.get("exif")
    native: object | None = None
    resolution = None
    if kind == "jpeg":
        native, resolution = _jpeg_coding(image, data), _jfif_resolution(image.info)
    elif kind == "webp":
        native = WebpCoding(_is_lossless(data))
    else:
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


def _jpeg_options(metadata: Metadata, mode: str) -> dict[str, Any]:
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
        offset += 8 + length + length % 2
    return False


def _webp_options(metadata: Metadata, mode: str) -> dict[str, Any]:
    native = metadata.native
    lossless = native.lossless if isinstance(native, WebpCoding) else True
    coding = {"lossless": True, "exact": True} if lossless else {"quality": NEW_JPEG_QUALITY}
    return coding | {"exif": metadata.exif or b"", "icc_profile": metadata.icc or b"", "xmp": metadata.xmp or b""}


def _bmp_resolution(data: bytes) -> Resolution | None:
    (header,) = struct.unpack("<I", data[14:18])
    x, y = struct.unpack("<ii", data[38:46]) if header >= 40 else (0, 0)
    return Resolution(Fraction(x), Fraction(y), "metre") if x > 0 and y > 0 else None


def _bmp_options(metadata: Metadata, mode: str) -> dict[str, Any]:
    metric = metadata.resolution and metadata.resolution.into("metre")
    return {"dpi": tuple(float(v) / 39.3701 for v in metric[:2])} if metric else {}
