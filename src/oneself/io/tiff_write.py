"""Writing TIFF: tifffile lays out the pixels; then each page gets back the tags it had."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from . import exif, ifd, tiff_text
from .ifd import Entry
from .npy import with_alpha
from .paths import extension
from .picture import Metadata, Picture, Pixels, Resolution
from .tiff import COLOUR_MAP, DESCRIPTION, ICC, STRUCTURAL, XMP, TiffLayout, turned

_RESOLUTION = (exif.X_RESOLUTION, exif.Y_RESOLUTION, exif.UNIT)
_UNITS = {"none": 1, "inch": 2, "centimetre": 3}
_OME_AXES = "TZCYXSAPRHEQ"
_BIG = 2**32 - 2**26  # offsets of classic TIFF have 32 bits; tags need some room


class _Plan(NamedTuple):
    """What to write: pages (n, …page…), how, and the tags of each page."""

    pages: Pixels
    options: dict[str, Any]
    tags: list[tuple[Entry, ...]]
    order: Literal["<", ">"]
    big: bool


def check_ome(picture: Picture) -> None:
    """Refuse, with a ValueError, what has no place in an OME-TIFF."""
    if not (isinstance(picture.metadata.native, TiffLayout) and picture.metadata.native.kind == "ome"):
        _plain(picture, ome=True)


def write(picture: Picture, path: Path) -> None:
    """A TIFF file laid out like its source: kind, compression, tiles, byte order, photometric interpretation and tags.

    Pictures from elsewhere become plain TIFF, Deflate-compressed, axes in tifffile's JSON where there are more than
    Y, X and samples; names ending in .ome.tif get OME-XML. BigTIFF above 4 GB, or where the source or the name (.btf)
    says so.
    """
    native = picture.metadata.native
    ome = extension(path).lower().startswith(".ome")
    keep = isinstance(native, TiffLayout) and (not ome or native.kind == "ome")
    plan = _like_source(picture, native) if keep and isinstance(native, TiffLayout) else _plain(picture, ome)
    _write(plan, path)


def _write(plan: _Plan, path: Path) -> None:
    import tifffile

    big = plan.big or plan.pages.nbytes > _BIG or path.suffix.lower() in (".btf", ".tf8")
    with tifffile.TiffWriter(path, bigtiff=big, byteorder=plan.order) as file:
        file.write(plan.pages if len(plan.pages) > 1 else plan.pages[0], metadata=None, software=False, **plan.options)
    ifd.rewrite(path, plan.tags, STRUCTURAL)


def _like_source(picture: Picture, native: TiffLayout) -> _Plan:
    pixels = turned(_with_samples(picture, native), native.black)
    page_shape = pixels.shape[pixels.ndim - native.page_ndim :]
    pages = pixels.reshape(-1, *page_shape)
    compression = native.compression if native.compression != 1 else None
    options = {
        "photometric": native.photometric,
        "planarconfig": native.planar if "S" in native.axes[-native.page_ndim :] else None,
        "extrasamples": native.extra_samples or _unspecified(pixels, native) or None,
        "compression": compression,
        "predictor": native.predictor if compression and native.predictor > 1 else None,
        "tile": native.tile,
        "rowsperstrip": native.rows_per_strip,
        "colormap": native.colour_map if native.photometric == 3 else None,
    }
    tags = list(_source_tags(picture, native, len(pages), pixels.shape))
    return _Plan(pages, options, tags, native.order, native.big)


def _unspecified(pixels: Pixels, native: TiffLayout) -> tuple[int, ...]:
    """What samples beyond those of the colour space are, where the source did not say: no alpha."""
    samples = pixels.shape[native.axes.index("S")] if "S" in native.axes else 1
    return (0,) * (samples - (3 if native.photometric == 2 else 1))


def _with_samples(picture: Picture, native: TiffLayout) -> Pixels:
    pixels, alpha = picture.pixels, picture.alpha
    if alpha is None:
        return pixels
    at = native.axes.index("S")
    if pixels.ndim < len(native.axes):
        pixels = np.expand_dims(pixels, at)
    return np.concatenate([pixels, np.expand_dims(alpha, at)], axis=at)


def _source_tags(
    picture: Picture, native: TiffLayout, count: int, shape: tuple[int, ...]
) -> Iterator[tuple[Entry, ...]]:
    """The tags of each page to be written; a page that had none of its own gets resolution and colour table only."""
    scale, sizes = picture.metadata.scale, picture.sizes
    shared = tuple(e for e in native.pages[0] if e.code in (COLOUR_MAP, *_RESOLUTION))
    own = native.pages if len(native.pages) == count else (native.pages[0], *[shared] * (count - 1))
    for index, entries in enumerate(own):
        tags = {entry.code: entry for entry in entries}
        if index == 0:
            tags |= _description(native, picture.metadata, count, shape, sizes)
        if scale:
            across, down = scale.get("X", Fraction(1)), scale.get("Y", Fraction(1))
            tags = {e.code: e for e in exif.resize(tags.values(), native.order, sizes["X"], sizes["Y"], across, down)}
        yield tuple(tags.values())


def _plain(picture: Picture, ome: bool) -> _Plan:
    pixels, axes = with_alpha(picture)
    samples = "C" if axes.endswith("C") else ""
    outer = "".join(a for a in axes if a not in "YX" + samples)
    pixels = np.ascontiguousarray(pixels.transpose([axes.index(a) for a in outer + "YX" + samples]))
    pages = pixels.reshape(-1, *pixels.shape[len(outer) :])
    colours = _colours(picture)
    count = pages.shape[-1] if samples else 1
    alphas = int(picture.alpha is not None)
    extra = (0,) * (count - (3 if colours else 1) - alphas) + (2,) * alphas
    options = {
        "photometric": 2 if colours else 1,
        "planarconfig": 1 if samples else None,
        "extrasamples": extra or None,
        "compression": 8,
        "predictor": 2 if pixels.dtype.kind in "iu" else None,
    }
    stored = outer + "YX" + ("S" if samples else "")
    description = ""
    if ome:
        shape6 = (len(pages), 1, 1, *pages.shape[1:3], count)
        named = "".join(a if a in _OME_AXES else "Q" for a in stored)
        description = tiff_text.new_ome(pixels.dtype, pixels.shape, shape6, named, picture.metadata.pixel_size)
    elif outer or (samples and not colours):
        description = tiff_text.shaped(pixels.shape, stored)
    return _Plan(pages, options, _new_tags(picture.metadata, len(pages), description), "<", False)


def _colours(picture: Picture) -> bool:
    return picture.axes.endswith("C") and picture.sizes["C"] == 3 and picture.pixels.dtype.kind in "uf"


def _new_tags(metadata: Metadata, count: int, description: str) -> list[tuple[Entry, ...]]:
    tags = {entry.code: entry for entry in _from_exif(metadata.exif)}
    tags |= {entry.code: entry for entry in _resolution_tags(metadata.resolution)}
    every = tuple(tags.values())
    if metadata.icc:
        tags[ICC] = Entry(ICC, 7, metadata.icc)
    if metadata.xmp:
        tags[XMP] = Entry(XMP, 1, metadata.xmp)
    if description:
        tags[DESCRIPTION] = ifd.text(DESCRIPTION, description)
    return [tuple(tags.values()), *([every] * (count - 1))]


def _from_exif(block: bytes | None) -> list[Entry]:
    if not block:
        return []
    try:
        entries, layout = exif.read_block(block)
    except (ValueError, EOFError):
        return []
    told = [entry for entry in entries if entry.code in exif.DESCRIPTIVE]
    return [entry.swapped() for entry in told] if layout.order == ">" else told


def _resolution_tags(resolution: Resolution | None) -> list[Entry]:
    if resolution is None:
        return []
    resolution = resolution.into("centimetre") or resolution if resolution.unit == "metre" else resolution
    x, y = (ifd.rational(code, value, "<") for code, value in zip(_RESOLUTION[:2], resolution[:2], strict=True))
    return [x, y, ifd.short(exif.UNIT, _UNITS[resolution.unit], "<")]


def _description(
    native: TiffLayout, metadata: Metadata, planes: int, shape: tuple[int, ...], sizes: dict[str, int]
) -> dict[int, Entry]:
    """The image description where it must change; where it need not, the source's stays byte for byte."""
    told = native.description
    if native.kind == "ome":
        told = tiff_text.ome_edit(told, planes, sizes, metadata.scale)
    elif native.kind == "imagej":
        told = tiff_text.imagej_edit(told, metadata.scale)
    elif native.kind == "shaped":
        told = tiff_text.shaped_edit(told, shape)
    return {DESCRIPTION: ifd.text(DESCRIPTION, told)} if told != native.description or native.kind == "ome" else {}
