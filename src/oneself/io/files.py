"""Reading and writing image files such that nothing the user had is lost."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from . import keeping, npy, png, pnm, raster, saving, sound, tiff, tiff_write
from .formats import EXTENSIONS, FORMATS, Format, known_by, of_ending
from .paths import check_source, extension
from .picture import Metadata, Picture

_FOREIGN = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive (.npz, .docx, …)",
    b"\x89HDF": "an HDF5 file",
    b"8BPS": "a Photoshop file",
    b"\x80\x04": "a Python pickle",
    b"<svg": "an SVG drawing",
    b"<!DO": "a web page",
    b"<htm": "a web page",
    b"\0\0\0\x0cjP": "a JPEG 2000 picture",
}

_OFFERED = ("png", "jpeg", "webp", "bmp", "tiff", "wav", "flac", "ogg", "npy")  # where a format cannot hold a picture

CODERS: Mapping[str, tuple[Any, Any]] = {
    "png": (png, png),
    "pnm": (pnm, pnm),
    "tiff": (tiff, tiff_write),
    "npy": (npy, npy),
    **dict.fromkeys(("jpeg", "webp", "bmp", "gif", "tga"), (raster, raster)),
    **dict.fromkeys(sound.KINDS, (sound, sound)),
}
"""The modules whose `read` and `write` are those of each of `formats.FORMATS`."""


def read(path: str | Path, *, axes: str | None = None) -> Picture:
    """The picture in a PNG, JPEG, WebP, TIFF, BMP, NPY, GIF, PBM, PGM, PPM or TGA file, or the recording in a WAV, FLAC
    or OGG file; its content, not its name, says which (but for TGA, which has no mark). The frames of an animation are
    along the axis T.

    `axes` gives one letter per dimension where a TIFF or NPY file does not say, or says something else than meant: Y,
    X, Z spatial, C channels, any other independent images.

    Raises FileNotFoundError (with the closest name), IsADirectoryError, PermissionError; OSError for a file that is
    empty, cut off, damaged or no image; ValueError for what is sound but not supported, and for axes that do not fit.
    """
    path = Path(path)
    check_source(path)
    kind = _kind(path)
    with _explained(path, kind):
        reader, _ = CODERS[kind.key]
        if kind.axes.startswith("any"):
            return cast(Picture, reader.read(path, axes))
        picture: Picture = reader.read(path, kind.key) if reader in (raster, sound) else reader.read(path)
    if axes not in (None, picture.axes):
        raise ValueError(
            f"read(path={str(path)!r}, axes={axes!r}): a {kind.name} of {picture.pixels.ndim} dimensions is "
            f"{picture.axes!r}. Leave axes out."
        )
    return picture


def write(picture: Picture, path: str | Path, *, overwrite: bool = False, quality: int | None = None) -> Path:
    """Write a picture, in the format the name asks for, with all metadata that format can hold. Returns the path.

    `quality` (1 to 100, JPEG and WebP only) replaces the quality of the source, which is kept otherwise: the
    quantisation tables of a JPEG, so that a coarse one coarsens the result again.

    The file appears whole or not at all. Metadata that the format cannot hold (`losses`) is left out; where encoding
    fails with the rest all of it is left out, with a UserWarning. If the file cannot be written (a full disk) the
    result is saved in the system's temporary folder instead, as NPY if need be, and `SavedAside`, an OSError, says
    where in `.path`.

    Raises what `check_output` raises.
    """
    path = Path(path)
    check_output(picture, path, overwrite=overwrite, quality=quality)
    kind, failed = _asked_for(path), list[str]()
    encode = functools.partial(_encode, picture, kind, quality, failed)
    aside: list[tuple[str, saving.Encode]] = [
        (extension(path), encode),
        (".npy", functools.partial(npy.write, picture)),
    ]
    saving.save(path, encode, overwrite=overwrite, aside=aside)
    if failed:
        warnings.warn(
            f"{path}: its metadata could not be written ({failed[0]}) and was left out; the pixels are all there",
            stacklevel=2,
        )
    return path


def losses(picture: Picture, path: str | Path) -> tuple[str, ...]:
    """In words, what a file of that name could not hold of the picture: metadata that has no place in the format, and
    pixels that its coding changes. To be told before the work."""
    path = Path(path)
    kind = of_ending(path.suffix)
    if kind is None:
        return ()
    return keeping.fitting(picture.metadata, kind)[1] + tuple(_changes(picture, kind))


def _changes(picture: Picture, kind: Format) -> Iterator[str]:
    """What the coding changes, where the user may not expect it."""
    source = picture.source
    if source is not None and of_ending(source.suffix) is kind and kind.key != picture.format:
        lossy = ", which loses a little: name the result .png or .tif to lose nothing" if kind.key == "jpeg" else ""
        yield f"{source.name} holds a {picture.format.upper()}: the result is written as {kind.name}{lossy}"
    if kind.key == "ogg" and picture.format != "ogg":
        yield "OGG loses a little: name the result .wav or .flac to lose nothing"
    if kind.key == "gif" and "C" in picture.axes:
        yield "GIF holds 256 colours: name the result .png or .webp to keep all"


def check_output(picture: Picture, path: str | Path, *, overwrite: bool = False, quality: int | None = None) -> None:
    """Refuse, before any work, what `write` would refuse.

    Raises ValueError for an unknown extension or a format that cannot hold the picture (the ones that can are named),
    and an OSError where the file exists or its folder is missing or not writable.
    """
    path = Path(path)
    kind = _asked_for(path)
    problem = _misfit(picture, kind)
    if problem:
        able = [one.endings[0] for one in map(FORMATS.get, _OFFERED) if one and _misfit(picture, one) is None]
        raise ValueError(f"write(path={str(path)!r}): {kind.name} cannot hold {problem}. Use {' or '.join(able)}.")
    if quality is not None and (not kind.quality or not 1 <= quality <= 100):
        raise ValueError(
            f"write(path={str(path)!r}, quality={quality}): only JPEG and WebP have a quality, from 1 to 100. "
            "Leave it out, or choose one of these."
        )
    if extension(path).lower().startswith(".ome"):
        tiff_write.check_ome(picture)
    saving.check_target(path, overwrite)


def _encode(picture: Picture, kind: Format, quality: int | None, failed: list[str], path: Path) -> None:
    """Write the file with all metadata that the format can hold; where that fails, with none, and tell why."""
    fit = replace(picture, metadata=keeping.fitting(picture.metadata, kind)[0])
    try:
        _encoder(fit, kind, quality)(path)
    except Exception as error:  # encoders meet odd metadata with exceptions of every kind
        if isinstance(error, OSError) and error.errno is not None:
            raise  # no room, no permission: nothing to do with what is written
        bare = replace(picture, metadata=Metadata(timing=picture.metadata.timing))
        try:
            _encoder(bare, kind, quality)(path)
        except Exception as again:
            if isinstance(again, OSError):
                raise
            raise OSError(f"{kind.name} encoding failed: {again}") from error
        failed.append(str(error) or type(error).__name__)


def _encoder(picture: Picture, kind: Format, quality: int | None) -> saving.Encode:
    _, writer = CODERS[kind.key]
    settings: dict[str, Any] = {"kind": kind.key, "quality": quality} if writer is raster else {}
    settings |= {"kind": kind.key} if writer is sound else {}
    return functools.partial(writer.write, picture, **settings)


def _asked_for(path: Path) -> Format:
    """The format that a path asks for. ValueError where it is none that is written here."""
    kind = of_ending(path.suffix)
    if kind is None:
        raise ValueError(
            f"write(path={str(path)!r}): the extension {path.suffix!r} is no format written here. "
            f"Use one of {' '.join(EXTENSIONS)}."
        )
    return kind


def _misfit(picture: Picture, kind: Format) -> str | None:
    """What about the picture the format cannot hold, in words."""
    dtype, sizes = picture.pixels.dtype, picture.sizes
    if kind.axes == "any":
        return None
    if kind.axes == "recording":
        return sound.misfit(picture, kind.key)
    if sound.coding_of(picture) is not None:
        return "a recording"
    if f"{dtype.kind}{dtype.itemsize}" not in kind.depths.split():
        return f"{dtype} pixels"
    if "Y" not in sizes:
        return "a signal"
    if kind.axes == "any with Y":
        return None
    played = picture.metadata.timing is not None and kind.axes == "picture or clip" and picture.axes.startswith("T")
    if (picture.axes[1:] if played else picture.axes) not in ("YX", "YXC"):
        return f"an array with the axes {picture.axes}"
    if sizes.get("C", 3) != 3:
        return f"{sizes['C']} channels"
    if picture.alpha is not None and (kind.alpha == "no" or (kind.alpha == "kept" and kind.key != picture.format)):
        return "an alpha channel"
    if picture.alpha is not None and dtype == np.bool_:
        return "an alpha channel of one bit"
    largest = max(sizes["Y"], sizes["X"])
    return f"{largest} pixels along a side" if largest > (kind.longest or largest) else None


def _kind(path: Path) -> Format:
    with path.open("rb") as file:
        head = file.read(16)
    kind = known_by(head, path.suffix)
    if kind is not None:
        return kind
    looks = next((name for start, name in _FOREIGN.items() if head.startswith(start)), None)
    if looks is None and head[4:8] == b"ftyp":
        looks = "a HEIC or AVIF picture, or a film"
    seen = f"it looks like {looks}" if looks else f"it begins with {head[:8]!r}"
    raise OSError(
        f"read(path={str(path)!r}): not an image that can be read ({seen}). "
        "Convert it to PNG, TIFF, JPEG, WebP, BMP, GIF, PPM or NPY; a recording to WAV, FLAC or OGG."
    )


@contextmanager
def _explained(path: Path, kind: Format) -> Iterator[None]:
    """Turn what decoders raise into one sentence; messages of our own pass."""
    try:
        yield
    except MemoryError as error:
        why = f" ({error})" if str(error) else ""
        message = f"read(path={str(path)!r}): the image does not fit in memory{why}. Cut it into parts."
        raise MemoryError(message) from error
    except Exception as error:  # decoders meet damage with exceptions of every kind
        if isinstance(error, ValueError) and str(error).startswith(("read(", "Picture(")):
            raise
        reason = str(error) or type(error).__name__
        raise OSError(
            f"read(path={str(path)!r}): the {kind.name} file is cut off or damaged ({reason}). "
            "Get it again from where it came."
        ) from error
