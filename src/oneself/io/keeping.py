"""What of a picture's metadata a format can hold: the rest is left out, and that is known before the work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import exif, ifd
from .formats import Format
from .picture import Metadata
from .png import PngExtras
from .raster import JpegCoding
from .sound import KINDS, SoundCoding
from .tiff import COLOUR_MAP, DESCRIPTION, ICC, XMP, TiffLayout

_NAMES = {
    "exif": "EXIF data",
    "icc": "colour profile",
    "xmp": "XMP",
    "resolution": "resolution",
    "pixel_size": "pixel sizes",
    "timing": "timing",
}
_QUIET = frozenset({b"sRGB", b"tIME"})  # what is assumed without it, and a time that no longer holds
_SHOWN = frozenset({b"gAMA", b"cHRM"})  # said by sRGB, too


def fitting(metadata: Metadata, kind: Format) -> tuple[Metadata, tuple[str, ...]]:
    """The metadata that a file of a kind can hold, and in words what is left out for want of a place."""
    held = kind.holds
    lost = [name for name in _NAMES if name not in held and getattr(metadata, name)]
    if "resolution" in lost and "exif" in held and metadata.exif and _tells_resolution(metadata.exif):
        lost.remove("resolution")
    nothing: dict[str, Any] = {name: {} if name == "pixel_size" else None for name in lost}
    fit = replace(metadata, **nothing)
    words = [_NAMES[name] for name in lost] + list(_native_words(metadata.native, kind))
    notes = [f"{kind.name} cannot hold its {_listed(words)}: left out"] if words else []
    fit = _short(fit, kind, notes)
    if kind.key == "tiff" and fit.exif and exif.is_damaged(fit.exif):
        notes.append("its EXIF data is damaged: what cannot be read of it is left out")
    return fit, tuple(notes)


def _short(metadata: Metadata, kind: Format, notes: list[str]) -> Metadata:
    """What is not too long; EXIF without its thumbnail, where that is enough."""
    for name, most in kind.limits.items():
        block = getattr(metadata, name)
        if not block or len(block) <= most:
            continue
        smaller = _without_thumbnail(block) if name == "exif" else None
        if smaller is not None and len(smaller) <= most:
            notes.append(f"its EXIF data is too long for {kind.name}: left out is the thumbnail")
            metadata = replace(metadata, exif=smaller)
        else:
            notes.append(
                f"its {_NAMES[name]} is too long for {kind.name} ({len(block):,} bytes; {most:,} fit): left out"
            )
            nothing: dict[str, Any] = {name: None}
            metadata = replace(metadata, **nothing)
    return metadata


def _without_thumbnail(block: bytes) -> bytes | None:
    try:
        entries, layout = exif.read_block(block)
    except (ValueError, EOFError):
        return None
    return exif.make_block(entries, layout.order)


def _tells_resolution(block: bytes) -> bool:
    try:
        return any(entry.code == exif.X_RESOLUTION for entry in exif.read_block(block)[0])
    except (ValueError, EOFError):
        return False


def _native_words(native: object, kind: Format) -> Iterator[str]:
    """What only the source's own format can hold."""
    if isinstance(native, PngExtras) and kind.key != "png":
        names = {chunk.name for chunk in (*native.before, *native.after)} - _QUIET
        names -= _SHOWN if any(chunk.name == b"sRGB" for chunk in native.before) else set()
        if names:
            yield f"PNG chunks {', '.join(sorted(name.decode('latin-1') for name in names))}"
    if isinstance(native, JpegCoding) and kind.key != "jpeg":
        codes = {segment[1] for segment in native.segments}
        yield from ["comment"] * (0xFE in codes) + ["Photoshop data (IPTC)"] * (0xED in codes)
    if isinstance(native, SoundCoding) and kind.key not in KINDS:
        yield "sampling rate"
    if isinstance(native, TiffLayout) and kind.key != "tiff":
        yield from _tags(native)


def _tags(layout: TiffLayout) -> Iterator[str]:
    carried = exif.DESCRIPTIVE | {XMP, ICC, COLOUR_MAP, exif.X_RESOLUTION, exif.Y_RESOLUTION, exif.UNIT}
    codes = {entry.code for page in layout.pages for entry in page if not ifd.is_damaged(entry)}
    if DESCRIPTION in codes:
        yield "image description"
    if others := sorted(codes - carried - {DESCRIPTION}):
        yield f"tags {', '.join(map(str, others[:8]))}{', …' if len(others) > 8 else ''}"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
