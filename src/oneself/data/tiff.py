"""Reading TIFF: plain, multi-page, OME and ImageJ, with the tags of every page."""

from __future__ import annotations

import logging
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from . import exif, ifd, tiff_codecs, tiff_text
from .ifd import Entry
from .picture import Metadata, Picture, Pixels, PixelSize, Resolution, check_axes

# what the writer decides anew: sizes, coding, places of strips and tiles, and what belongs to those
STRUCTURAL = frozenset(
    {256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 322, 323, 324, 325, 338, 339}
    | {288, 289, 330, 347, 400, 513, 514, 529, 530, 531, 532, 32997, 32998}
)
DESCRIPTION, COLOUR_MAP, XMP, ICC = 270, 320, 700, 34675
_PHOTOMETRIC = {0: "MINISWHITE", 1: "MINISBLACK", 2: "RGB", 3: "PALETTE", 6: "YCBCR"}
_UNITS = {1: "none", 2: "inch", 3: "centimetre"}
_SIMPLE_KINDS = {"uniform", "generic", "shaped", "imagej", "ome"}  # series whose tags stay true when rewritten


@dataclass(frozen=True, eq=False)
class TiffLayout:
    """How a TIFF file was laid out, and the tags of its pages (in its byte order) that are no part of that."""

    kind: str
    axes: str  # as stored: S is samples
    page_ndim: int
    photometric: int
    planar: int
    extra_samples: tuple[int, ...]
    compression: int
    predictor: int
    tile: tuple[int, ...] | None
    rows_per_strip: int | None
    order: Literal["<", ">"]
    big: bool
    colour_map: Pixels | None
    description: str
    pages: tuple[tuple[Entry, ...], ...]


def read(path: Path, axes: str | None) -> Picture:
    """The one image series of a TIFF file; `axes` overrides what its axes mean.

    Raises EOFError if the file is cut off, ValueError for several series, colour spaces and codings that cannot be
    kept.
    """
    import tifffile

    _check_complete(path)
    with _strict(), tifffile.TiffFile(path) as file:
        series, notes = _only_series(file, path)
        page = series.keyframe
        _check_page(page, path)
        pixels = tiff_codecs.pixels(path, series)
        layout = _layout(file, series, path)
    notes += _coding_notes(page, layout)
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if (
        layout.photometric == 3 and layout.kind != "imagej"
    ):  # ImageJ's colour tables show intensities, they are no colours
        pixels, layout = _resolve_colours(pixels, layout)
        notes += ("the colour table was resolved: the result is RGB",)
    return _picture(pixels, layout, axes, path, notes)


def _picture(pixels: Pixels, layout: TiffLayout, axes: str | None, path: Path, notes: tuple[str, ...]) -> Picture:
    named, alpha = unique_axes(layout.axes), None
    if layout.extra_samples and layout.extra_samples[-1] in (1, 2) and "S" in layout.axes:
        at = layout.axes.index("S")
        alpha = np.ascontiguousarray(np.take(pixels, -1, axis=at))
        pixels = np.delete(pixels, -1, axis=at)
        if pixels.shape[at] == 1:
            pixels, named = pixels.squeeze(at), named.replace("C", "")
    if axes is not None:
        check_axes(axes, pixels.ndim)
        if alpha is not None and axes.find("C") != named.find("C"):
            raise ValueError(
                f"read(path={str(path)!r}, axes={axes!r}): with alpha the channels stay in place ({named}). "
                "Keep C there."
            )
        named = axes
    return Picture(pixels, named, "tiff", _metadata(layout, pixels), alpha, path, notes)


def unique_axes(axes: str) -> str:
    """tifffile's axes with samples called C, and a free letter where one occurs twice or a C had that name."""
    if "S" in axes:
        axes = axes.replace("C", "?").replace("S", "C")
    free = [a for a in "IQR" + string.ascii_uppercase if a not in axes and a not in "CSXYZ"]
    result = ""
    for letter in axes:
        result += free.pop(0) if letter in result or letter == "?" else letter
    return result


@contextmanager
def _strict() -> Iterator[None]:
    """What tifffile only logs as an error (missing planes, damaged tables) is one."""

    class Raise(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise EOFError(record.getMessage())

    logger, handler = logging.getLogger("tifffile"), Raise(logging.ERROR)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _check_complete(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        layout, _ = ifd.read_header(file)
        for _, entries in ifd.directories(file):
            tags = {entry.code: entry.integers(layout.order) for entry in entries}
            for offsets, counts in ((273, 279), (324, 325)):
                ends = [o + c for o, c in zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False)]
                if ends and max(ends) > size:
                    raise EOFError(f"pixels up to byte {max(ends)}, but only {size} bytes")


def _only_series(file: Any, path: Path) -> tuple[Any, tuple[str, ...]]:
    whole = [s for s in file.series if not s.keyframe.is_reduced]
    if len(whole) != 1:
        shapes = ", ".join(str(s.shape) for s in file.series)
        raise ValueError(
            f"read(path={str(path)!r}): {len(file.series)} image series of shapes {shapes}. "
            "Save the one to restore as its own file."
        )
    notes: tuple[str, ...] = ()
    if len(file.series) > 1 or len(whole[0].levels) > 1 or whole[0].keyframe.subifds:
        notes = ("the reduced copies in the file (pyramid, thumbnail) were left out",)
    if any(page is None for page in whole[0].pages):
        raise EOFError("some planes of the series are missing, perhaps in another file")
    return whole[0], notes


def _check_page(page: Any, path: Path) -> None:
    name = getattr(page.photometric, "name", str(page.photometric))
    if int(page.photometric) not in _PHOTOMETRIC:
        raise ValueError(
            f"read(path={str(path)!r}): TIFF in colour space {name} is not supported. Convert it to RGB or gray first."
        )
    if page.imagedepth > 1:
        raise ValueError(
            f"read(path={str(path)!r}): a TIFF volume in one page (ImageDepth). Save it with one page for each slice."
        )


def _coding_notes(page: Any, layout: TiffLayout) -> tuple[str, ...]:
    notes = []
    bits = page.bitspersample
    if bits not in (1, 8, 16, 32, 64):
        notes.append(f"{bits}-bit samples are written with {8 * page.dtype.itemsize} bits")
    if int(page.compression) != layout.compression:
        notes.append(
            f"{getattr(page.compression, 'name', page.compression)} compression is replaced by lossless Deflate"
        )
    if layout.kind not in _SIMPLE_KINDS:
        notes.append(f"a TIFF of kind {layout.kind} is written as a plain one")
    return tuple(notes)


def _layout(file: Any, series: Any, path: Path) -> TiffLayout:
    page = series.keyframe
    lossy = int(page.compression) not in tiff_codecs.writable()
    return TiffLayout(
        kind=series.kind,
        axes=series.axes,
        page_ndim=len(page.shape),
        photometric=2 if int(page.photometric) == 6 else int(page.photometric),
        planar=int(page.planarconfig or 1),
        extra_samples=tuple(int(e) for e in page.extrasamples),
        compression=8 if lossy else int(page.compression),
        predictor=1 if lossy or int(page.predictor) not in tiff_codecs.predictors() else int(page.predictor),
        tile=tuple(page.tile) if page.is_tiled else None,
        rows_per_strip=None if page.is_tiled or page.rowsperstrip >= page.imagelength else int(page.rowsperstrip),
        order=file.byteorder,
        big=file.is_bigtiff,
        colour_map=page.colormap,
        description=file.ome_metadata if series.kind == "ome" else page.description,
        pages=_page_tags(series, path),
    )


def _page_tags(series: Any, path: Path) -> tuple[tuple[Entry, ...], ...]:
    """The tags of each page of the series; those of the first alone where the pages are in other files or share one."""
    with path.open("rb") as file:
        found = {offset: _kept(entries, series.kind) for offset, entries in ifd.directories(file)}
    pages = [found.get(page.offset) for page in series.pages]
    return tuple(p for p in pages if p is not None) if all(pages) else (found[series.keyframe.offset],)


def _kept(entries: tuple[Entry, ...], kind: str) -> tuple[Entry, ...]:
    plain = exif.DESCRIPTIVE | {XMP, ICC, exif.X_RESOLUTION, exif.Y_RESOLUTION, exif.UNIT}
    return tuple(e for e in entries if e.code not in STRUCTURAL and (kind in _SIMPLE_KINDS or e.code in plain))


def _resolve_colours(pixels: Pixels, layout: TiffLayout) -> tuple[Pixels, TiffLayout]:
    table = np.asarray(layout.colour_map)
    small = (table % 257 == 0).all() or (table % 256 == 0).all()  # 8-bit colours, written with either factor
    colours = (table >> 8).astype(np.uint8) if small else table
    pages = tuple(tuple(e for e in page if e.code != COLOUR_MAP) for page in layout.pages)
    changed = {**vars(layout), "photometric": 2, "axes": layout.axes + "S", "page_ndim": layout.page_ndim + 1}
    changed |= {"pages": pages, "colour_map": None, "predictor": 1}
    return np.moveaxis(colours[:, pixels], 0, -1), TiffLayout(**changed)


def _metadata(layout: TiffLayout, pixels: Pixels) -> Metadata:
    tags = {entry.code: entry for entry in layout.pages[0]}
    told = [entry for code, entry in tags.items() if code in exif.DESCRIPTIVE and code != DESCRIPTION]
    density = _resolution(tags, layout.order)
    return Metadata(
        exif=exif.make_block(told, layout.order) if told else None,
        icc=tags[ICC].raw if ICC in tags else None,
        xmp=tags[XMP].raw if XMP in tags else None,
        resolution=density,
        pixel_size=_pixel_size(layout, density),
        native=layout,
    )


def _resolution(tags: dict[int, Entry], order: str) -> Resolution | None:
    x, y = (tags[c].fractions(order) if c in tags else () for c in (exif.X_RESOLUTION, exif.Y_RESOLUTION))
    unit = tags[exif.UNIT].integers(order)[0] if exif.UNIT in tags else 2  # inches unless said otherwise (TIFF 6.0)
    return Resolution(x[0], y[0], _UNITS.get(unit, "none")) if x and y and x[0] and y[0] else None


def _pixel_size(layout: TiffLayout, density: Resolution | None) -> dict[str, PixelSize]:
    if layout.kind == "ome":
        return tiff_text.ome_pixel_size(layout.description)
    if layout.kind == "imagej":
        return tiff_text.imagej_pixel_size(layout.description, density)
    return {}
