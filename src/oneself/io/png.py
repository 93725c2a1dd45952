"""PNG at every depth, chunk by chunk: libraries code the pixels, and would forget the chunks they do not know.

Portable Network Graphics (PNG) Specification, third edition, W3C 2025.
"""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .bounds import DEFLATE, check_claim, inflate
from .frames import read_frames, still
from .npy import with_alpha
from .picture import Metadata, Picture, Pixels, Resolution, Timing

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP = b"XML:com.adobe.xmp\0"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by samples
# written from the picture, tied to the old encoding, or signatures that other pixels would break
_NOT_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"hIST", b"IDAT", b"IEND", b"eXIf", b"iCCP", b"pHYs", b"dSIG", b"caBX"}
_NOT_KEPT |= {b"acTL", b"fcTL", b"fdAT"}


_PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_FRAMES = {b"acTL", b"fcTL", b"fdAT"}


class Chunk(NamedTuple):
    """A piece of a PNG file."""

    name: bytes
    data: bytes


@dataclass(frozen=True)
class PngExtras:
    """The chunks of a PNG file that no other format holds (text, gamma, times, …) and the form they belong to."""

    before: tuple[Chunk, ...]
    after: tuple[Chunk, ...]
    form: tuple[int, int]  # bit depth, colour type


def read(path: Path) -> Picture:
    """A PNG picture, of an animation all frames along T. EOFError if it is cut off or damaged, ValueError for an
    animation in 16 bits."""
    chunks = list(_chunks(path.read_bytes()))
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", chunks[0].data)
    data = b"".join(chunk.data for chunk in chunks if chunk.name == b"IDAT")
    check_claim(height * -(-width * depth * _SAMPLES[colour] // 8), len(data), DEFLATE, room=0)
    metadata, notes = _metadata(chunks, (depth, colour))
    if any(chunk.name == b"acTL" for chunk in chunks):
        return _animation(chunks, depth, metadata, path, notes)
    if depth == 16:
        pixels = _decode16(chunks)
        pixels = _key_to_alpha(pixels, next((c.data for c in chunks if c.name == b"tRNS"), None))
    else:
        pixels, told = _decode8(chunks, depth, colour)
        notes += told
    pixels, alpha = split_alpha(pixels)
    return Picture(pixels, "YXC" if pixels.ndim == 3 else "YX", "png", metadata, alpha, path, notes)


def write(picture: Picture, path: Path) -> None:
    """A PNG file of the picture's own depth, with its profile, EXIF, XMP, resolution and every chunk it came with."""
    pixels, axes = with_alpha(picture)
    samples = pixels.shape[-1] if axes.endswith("C") else 1
    depth = 1 if pixels.dtype == np.bool_ else 8 * pixels.dtype.itemsize
    form = (depth, _COLOUR_TYPES[samples])
    pages = pixels if axes.startswith("T") else pixels[np.newaxis]
    header = struct.pack(">IIBBBBB", pages.shape[2], pages.shape[1], *form, 0, 0, 0)
    before, after = _extras(picture.metadata, form)
    data = _encode(pages[0])
    if picture.metadata.timing is not None and len(pages) > 1:
        data = _played(pages, picture.metadata.timing)
    with path.open("wb") as file:
        file.write(SIGNATURE)
        for chunk in (Chunk(b"IHDR", header), *before, *data, *after, Chunk(b"IEND", b"")):
            file.write(_packed(chunk))


def _played(pages: Pixels, timing: Timing) -> Iterator[Chunk]:
    """The chunks of an animation, each frame whole (specification, section 11.3.4)."""
    yield Chunk(b"acTL", struct.pack(">II", len(pages), timing.loop))
    number = itertools.count()
    height, width = pages.shape[1:3]
    for page, milliseconds in zip(pages, timing.durations, strict=True):
        delay = Fraction(min(milliseconds, 65535000.0) / 1000).limit_denominator(1000)
        told = struct.pack(">IIIIHHBB", width, height, 0, 0, delay.numerator, delay.denominator, 0, 0)
        first = next(number)
        yield Chunk(b"fcTL", struct.pack(">I", first) + told)
        for chunk in _encode(page):
            yield chunk if first == 0 else Chunk(b"fdAT", struct.pack(">I", next(number)) + chunk.data)


def split_alpha(pixels: Pixels) -> tuple[Pixels, Pixels | None]:
    """Colour and alpha of an array whose third axis, if it has one, holds 1 to 4 samples; gray comes back as 2-D."""
    if pixels.ndim == 2:
        return pixels, None
    samples = pixels.shape[2]
    colour = pixels[..., 0] if samples <= 2 else pixels[..., :3]
    return np.ascontiguousarray(colour), np.ascontiguousarray(pixels[..., -1]) if samples in (2, 4) else None


def _packed(chunk: Chunk) -> bytes:
    body = chunk.name + chunk.data
    return struct.pack(">I", len(chunk.data)) + body + struct.pack(">I", zlib.crc32(body))


def _chunks(data: bytes) -> Iterator[Chunk]:
    offset, name = len(SIGNATURE), b""
    while name != b"IEND":
        if offset + 12 > len(data):
            raise EOFError("the file ends before its last chunk")
        length, name = struct.unpack(">I4s", data[offset : offset + 8])
        body = data[offset + 8 : offset + 8 + length]
        stored = data[offset + 8 + length : offset + 12 + length]
        if len(stored) < 4:
            raise EOFError(f"the file ends within its {name.decode('latin-1')} chunk")
        if zlib.crc32(name + body) != int.from_bytes(stored, "big"):
            raise EOFError(f"the checksum of its {name.decode('latin-1')} chunk is wrong")
        yield Chunk(name, body)
        offset += 12 + length


def _decode16(chunks: list[Chunk]) -> Pixels:
    import imagecodecs

    plain = _only(chunks, {b"IHDR", b"IDAT", b"IEND"})  # a transparent colour is not for the codec
    try:
        return np.asarray(imagecodecs.png_decode(plain))
    except (RuntimeError, ValueError) as error:
        raise EOFError(str(error)) from error


def _animation(chunks: list[Chunk], depth: int, metadata: Metadata, path: Path, notes: tuple[str, ...]) -> Picture:
    if depth == 16:
        raise ValueError(
            f"read(path={str(path)!r}): an animated PNG in 16 bits. Save its frames as one TIFF stack or apart."
        )
    with _pillow(chunks, _PIXELS | _FRAMES) as image:
        apart = bool(image.info.get("default_image"))
        pixels, alpha, timing = read_frames(image, sum(len(chunk.data) for chunk in chunks), int(apart))
    if apart:
        notes += ("the picture that stands for the animation where it cannot be played was left out",)
    if len(pixels) == 1:
        pixels, alpha = still(pixels, alpha)
        return Picture(pixels, "YXC"[: pixels.ndim], "png", metadata, alpha, path, notes)
    notes += (f"an animation: its {len(pixels)} frames are restored one by one",)
    return Picture(pixels, "TYXC"[: pixels.ndim], "png", replace(metadata, timing=timing), alpha, path, notes)


def _pillow(chunks: list[Chunk], names: set[bytes]) -> Any:
    """Pillow's image of what belongs to the pixels; it gets to see nothing else."""
    from PIL import PngImagePlugin

    return PngImagePlugin.PngImageFile(io.BytesIO(_only(chunks, names)))


def _only(chunks: list[Chunk], names: set[bytes]) -> bytes:
    """A PNG file of the chunks of some names."""
    return SIGNATURE + b"".join(_packed(chunk) for chunk in chunks if chunk.name in names)


def _decode8(chunks: list[Chunk], depth: int, colour: int) -> tuple[Pixels, tuple[str, ...]]:
    notes: list[str] = []
    with _pillow(chunks, _PIXELS) as opened:
        image: Any = opened
        if colour == 3:
            notes.append("the colour table was resolved: the result is RGB")
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        elif depth in (2, 4):
            notes.append(f"{depth}-bit gray was widened to 8 bits")
        if colour != 3 and "transparency" in image.info:
            notes.append("the transparent colour became an alpha channel")
            image = image.convert("RGBA" if colour == 2 else "LA")
        return np.array(image), tuple(notes)


def _key_to_alpha(pixels: Pixels, key: bytes | None) -> Pixels:
    if key is None:
        return pixels
    full = pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
    clear = (full == np.frombuffer(key, ">u2")).all(axis=-1, keepdims=True)
    return np.concatenate([full, np.where(clear, 0, 65535).astype(np.uint16)], axis=-1)


def _metadata(chunks: list[Chunk], form: tuple[int, int]) -> tuple[Metadata, tuple[str, ...]]:
    """What the file says besides its pixels, and in words what of it cannot be read."""
    found = {chunk.name: chunk.data for chunk in reversed(chunks)}
    split = [chunk.name for chunk in chunks].index(b"IDAT")
    xmp = next((c.data for c in chunks if c.name == b"iTXt" and c.data.startswith(_XMP)), None)
    kept = [
        [c for c in part if c.name not in _NOT_KEPT and c.data is not xmp] for part in (chunks[:split], chunks[split:])
    ]
    notes: list[str] = []
    kept = [
        [c for c in part if _unpacked(c.data, _TEXTS.get(c.name, bytes), "text", notes) is not None] for part in kept
    ]
    metadata = Metadata(
        exif=found.get(b"eXIf"),
        icc=_unpacked(found.get(b"iCCP"), _profile, "colour profile", notes),
        xmp=_unpacked(xmp, _international_text, "XMP", notes),
        resolution=_resolution(found.get(b"pHYs")),
        native=PngExtras(tuple(kept[0]), tuple(kept[1]), form),
    )
    return metadata, tuple(dict.fromkeys(notes))


def _unpacked(data: bytes | None, unpack: Callable[[bytes], bytes], name: str, notes: list[str]) -> bytes | None:
    if data is None:
        return None
    try:
        return unpack(data)
    except (ValueError, EOFError, IndexError) as error:
        notes.append(f"its {name} cannot be read and was left out: {error}")
        return None


def _profile(data: bytes) -> bytes:
    return inflate(data[data.index(b"\0") + 2 :])


def _international_text(data: bytes) -> bytes:
    start = data.index(b"\0") + 1
    text = data[start + 2 :].split(b"\0", 2)[2]  # after language and translated keyword
    return inflate(text) if data[start] else text


_TEXTS = {b"zTXt": _profile, b"iTXt": _international_text}  # a profile is laid out as a text is


def _resolution(data: bytes | None) -> Resolution | None:
    if data is None or len(data) != 9:
        return None
    x, y, unit = struct.unpack(">IIB", data)
    return Resolution(Fraction(x), Fraction(y), "metre" if unit else "none") if x and y else None


def _extras(metadata: Metadata, form: tuple[int, int]) -> tuple[list[Chunk], list[Chunk]]:
    native = metadata.native if isinstance(metadata.native, PngExtras) else PngExtras((), (), form)
    same = native.form == form  # background and significant bits have as many values as the colour type says
    before = [c for c in native.before if same or c.name not in (b"bKGD", b"sBIT")]
    if metadata.icc:
        before = [c for c in before if c.name != b"sRGB"]
        before.insert(0, Chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.resolution:
        before.append(_physical(metadata.resolution))
    if metadata.exif:
        before.append(Chunk(b"eXIf", metadata.exif))
    if metadata.xmp:
        before.append(Chunk(b"iTXt", _XMP + b"\0\0\0\0" + metadata.xmp))
    return before, list(native.after)


def _physical(resolution: Resolution) -> Chunk:
    metric = resolution.into("metre")
    x, y = (round(v) for v in (metric or resolution)[:2])
    return Chunk(b"pHYs", struct.pack(">IIB", max(x, 1), max(y, 1), 1 if metric else 0))


def _encode(pixels: Pixels) -> Iterator[Chunk]:
    """The pixels as a library codes them, without its header and end."""
    return (chunk for chunk in _chunks(_coded(pixels)) if chunk.name == b"IDAT")


def _coded(pixels: Pixels) -> bytes:
    if pixels.dtype == np.bool_:
        from PIL import Image

        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "png")
        return buffer.getvalue()
    import imagecodecs

    return bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels), level=6))
