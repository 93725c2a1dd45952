"""Reading TIFF: plain, multi-page, OME and ImageJ, with the tags of every page."""

from __future__ import annotations

import logging
import string
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from . import colours, exif, ifd, tiff_bounds, tiff_codecs, tiff_text
from .ifd import Entry
from .picture import Metadata, Picture, Pixels, PixelSize, Resolution, check_axes

# what the writer decides anew: sizes, coding, places of strips and tiles, and what belongs to those
STRUCTURAL = frozenset(
    {256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 322, 323, 324, 325, 338, 339}
    | {288, 289, 330, 347, 400, 513, 514, 529, 530, 531, 532, 32997, 32998}
)
DESCRIPTION, COLOUR_MAP, XMP, ICC = 270, 320, 700, 34675
_GRAY, _RGB, _PALETTE, _CMYK, _YCBCR = 1, 2, 3, 5, 6
_OF_SPACE = (301, 332, 333, 334, 336, 337, 529, 530, 531, 532)  # tags that only inks, or luma and chroma, have
_LAB = (8, 9)  # CIELab, ICCLab
_CONVERTED = {_CMYK: 4, _YCBCR: 3, **dict.fromkeys(_LAB, 3)}  # to RGB; samples that they have at least
_PHOTOMETRIC = {0, _GRAY, _RGB, _PALETTE, *_CONVERTED}
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
    black: int | None = None  # the value that is shown black, where 0 is shown white


def turned(pixels: Pixels, black: int | None) -> Pixels:
    """Pixels of which 0 is white with 0 as black, and the other way round; None leaves them as they are."""
    if black is None:
        return pixels
    return ~pixels if pixels.dtype == np.bool_ else (black - np.minimum(pixels, black)).astype(pixels.dtype)


def read(path: Path, axes: str | None) -> Picture:
    """The one image series of a TIFF file; `axes` overrides what its axes mean.

    Raises EOFError if the file is cut off or claims what it does not hold, ValueError for several series, colour spaces
    and codings that cannot be kept.
    """
    import tifffile

    tiff_bounds.check_pages(path)
    with _strict(), tifffile.TiffFile(path) as file:
        _check_told(file, path)
        series, notes = _only_series(file, path)
        page = series.keyframe
        _check_page(page, path)
        tiff_bounds.check_series(series, path)
        pixels = tiff_codecs.pixels(path, series)
        layout = _layout(file, series, path)
    if not pixels.size:
        raise EOFError(f"it holds no pixels: its shape is {pixels.shape}")
    notes += _coding_notes(page, layout)
    if any(ifd.any_damaged(tags) for tags in layout.pages):
        notes += ("its EXIF data is damaged: what cannot be read of it was left out",)
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    pixels, layout, note = _as_rgb(pixels, layout, page)
    return _picture(turned(pixels, layout.black), layout, axes, path, notes + note)


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
    elif named[0] in "IQ" and pixels.ndim == 3 and len(pixels) in (3, 4):
        notes += (
            f"its {len(pixels)} pages are restored one by one: if they are channels of one picture, say --axes CYX",
        )
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
    """What tifffile only logs as an error (missing planes, damaged tables) is one, in this thread."""
    thread = threading.get_ident()

    class Raise(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if threading.get_ident() == thread:
                raise EOFError(record.getMessage())

    logger, handler = logging.getLogger("tifffile"), Raise(logging.ERROR)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _check_told(file: Any, path: Path) -> None:
    """Refuse OME-XML that makes tifffile count what is not there, or open what is no file beside this one."""
    if file.is_ome:
        tiff_text.check_ome(file.ome_metadata)
        for name in tiff_text.ome_files(file.ome_metadata):
            other = path.parent / name
            if other.exists() and not other.is_file():
                raise ValueError(f"its OME-XML names {name!r}, which is no file")


def _only_series(file: Any, path: Path) -> tuple[Any, tuple[str, ...]]:
    whole = [s for s in file.series if not s.keyframe.is_reduced]
    if len(whole) != 1:
        shapes = ", ".join(str(s.shape) for s in file.series)
        raise ValueError(
            f"read(path={str(path)!r}): {len(file.series)} image series of shapes {shapes}. "
            "Save the one to restore as its own file, such as by tifffile.imwrite(new, tifffile.imread(old, series=0))."
        )
    notes: tuple[str, ...] = ()
    if len(file.series) > 1 or len(whole[0].levels) > 1 or whole[0].keyframe.subifds:
        notes = ("the reduced copies in the file (pyramid, thumbnail) were left out",)
    if any(page is None for page in whole[0].pages):
        raise EOFError("some planes of the series are missing, perhaps in another file")
    return whole[0], notes


def _check_page(page: Any, path: Path) -> None:
    photometric, samples = int(page.photometric), int(page.samplesperpixel)
    name = getattr(page.photometric, "name", str(page.photometric))
    deep = page.dtype is None or page.dtype.itemsize > (2 if photometric in _LAB else 1) or page.dtype.kind != "u"
    odd = photometric in _CONVERTED and (deep or samples < _CONVERTED[photometric])
    odd |= photometric == _YCBCR and int(page.compression) == 1 and _told(page, 530, (2, 2)) != (1, 1)
    if photometric not in _PHOTOMETRIC or odd or (photometric == _CMYK and _told(page, 332, 1) != 1):
        raise ValueError(
            f"read(path={str(path)!r}): TIFF in colour space {name} ({samples} samples, {page.dtype}) is not "
            "supported. Convert it to RGB or gray first."
        )
    if page.imagedepth > 1:
        raise ValueError(
            f"read(path={str(path)!r}): a TIFF volume in one page (ImageDepth). Save it with one page for each slice."
        )


def _told(page: Any, code: int, otherwise: Any) -> Any:
    tag = page.tags.get(code)
    return otherwise if tag is None else tag.value


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
    lossy = not tiff_codecs.writable(int(page.compression))
    return TiffLayout(
        kind=series.kind,
        axes=series.axes,
        page_ndim=len(page.shape),
        photometric=_written_as(page),
        planar=int(page.planarconfig or 1),
        extra_samples=tuple(map(int, page.extrasamples)) if len(page.extrasamples) < page.samplesperpixel else (),
        compression=8 if lossy else int(page.compression),
        predictor=1 if lossy else int(page.predictor),
        tile=tuple(page.tile) if page.is_tiled else None,
        rows_per_strip=None if page.is_tiled or page.rowsperstrip >= page.imagelength else int(page.rowsperstrip),
        order=file.byteorder,
        big=file.is_bigtiff,
        colour_map=page.colormap,
        description=file.ome_metadata if series.kind == "ome" else page.description,
        pages=_page_tags(series, path),
        black=2 ** int(page.bitspersample) - 1 if int(page.photometric) == 0 and _turnable(page) else None,
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


def _turnable(page: Any) -> bool:
    return page.dtype.kind in "bu" and int(page.samplesperpixel) == 1


def _written_as(page: Any) -> int:
    """The colour space that the writer is told; RGB takes three samples, whatever the file says of fewer."""
    photometric, samples = int(page.photometric), int(page.samplesperpixel)
    return _GRAY if photometric == _RGB and samples < 3 else photometric


def _as_rgb(pixels: Pixels, layout: TiffLayout, page: Any) -> tuple[Pixels, TiffLayout, tuple[str, ...]]:
    """Pixels of a colour table, of inks, of luma and chroma or of Lab as RGB, their samples last."""
    photometric, at = int(page.photometric), layout.axes.find("S")
    if photometric == _RGB and layout.photometric == _GRAY:
        if at < 0 or pixels.shape[at] == 1:
            pixels = pixels if at < 0 else pixels.squeeze(at)
            layout = replace(layout, axes=layout.axes.replace("S", ""), page_ndim=2)
        return pixels, layout, ("it says RGB, and has too few samples for that: read as gray",)
    kept_table = layout.kind == "imagej"  # ImageJ's colour tables show intensities, they are no colours
    if photometric not in {_PALETTE, *_CONVERTED} or (photometric == _PALETTE and kept_table):
        return pixels, layout, ()
    samples = pixels[..., np.newaxis] if at < 0 else np.moveaxis(pixels, at, -1)
    count = _CONVERTED.get(photometric, 1)
    rgb, note = _converted(samples[..., :count], layout, page)
    extra = samples[..., count:].astype(rgb.dtype)
    if rgb.dtype.itemsize > samples.dtype.itemsize:
        extra *= 257  # 8 bits of alpha beside 16 of colour
    gone = {COLOUR_MAP} if photometric == _PALETTE else {ICC, *_OF_SPACE}
    gone |= {DESCRIPTION} if layout.kind == "ome" else set()
    layout = replace(
        layout,
        axes=layout.axes.replace("S", "") + "S",
        page_ndim=3,
        photometric=_RGB,
        planar=1,
        predictor=1,
        colour_map=None,
        kind="generic" if layout.kind == "ome" else layout.kind,
        pages=tuple(tuple(entry for entry in tags if entry.code not in gone) for tags in layout.pages),
    )
    return np.concatenate([rgb, extra], axis=-1), layout, (note,) if note else ()


def _converted(samples: Pixels, layout: TiffLayout, page: Any) -> tuple[Pixels, str]:
    photometric = int(page.photometric)
    if photometric == _PALETTE:
        table = np.asarray(layout.colour_map)
        return colours.palette_to_rgb(samples[..., 0], table), "the colour table was resolved: the result is RGB"
    if photometric == _CMYK:
        icc = next((entry.raw for entry in layout.pages[0] if entry.code == ICC), None)
        return colours.cmyk_to_rgb(samples, icc)
    if photometric == _YCBCR:
        return samples if int(page.compression) != 1 else colours.ycbcr_to_rgb(samples), ""  # else libtiff made it RGB
    return colours.lab_to_rgb(samples, signed=photometric == 8), "the Lab colours were converted to RGB"


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
