"""The pixels of a TIFF file, in whatever coding: tifffile assembles what imagecodecs decodes."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .picture import Pixels

_LOSSLESS = frozenset({1, 5, 8, 32773, 32946, 34925, 50000})  # none, LZW, Deflate, PackBits, Deflate, LZMA, Zstandard

_YCBCR, _JPEG = 6, (6, 7)


def writable(coding: int) -> bool:
    """Whether a picture that came in a coding is written in it again: a lossy one would lose more each time."""
    return coding in _LOSSLESS


def pixels(path: Path, series: Any) -> Pixels:
    """The pixels of a tifffile series; coded luma and chroma come as RGB.

    Raises EOFError if strips are damaged, ValueError if their coding is unknown.
    """
    page = series.keyframe
    name = getattr(page.compression, "name", page.compression)
    try:
        if int(page.photometric) == _YCBCR and int(page.compression) not in (1, *_JPEG):
            raise NotImplementedError("luma and chroma")  # tifffile would give them as they are
        return _as_told(np.asarray(series.asarray()), series)
    except (KeyError, NotImplementedError, ValueError, RuntimeError, zlib.error) as error:
        found = _as_libtiff_reads_it(path, series)
        if found is not None:
            return found
        if isinstance(error, RuntimeError | zlib.error):
            raise EOFError(str(error)) from error
        raise ValueError(
            f"read(path={str(path)!r}): {name} compression of this kind cannot be read ({error}). "
            "Save the file uncompressed, or with Deflate."
        ) from error
    except (EOFError, OSError, IndexError, struct.error) as error:  # what decoders meet damage with
        raise EOFError(str(error)) from error


def _as_told(found: Pixels, series: Any) -> Pixels:
    if found.dtype != series.dtype:
        raise EOFError(f"its strips hold {found.dtype}, it says {series.dtype}")
    return found


def _as_libtiff_reads_it(path: Path, series: Any) -> Pixels | None:
    """By Pillow, what tifffile refuses: luma and coarser chroma that are not JPEG, and strips with rows that nobody
    sees. None where Pillow refuses it, too, or would give other samples."""
    from PIL import TiffImagePlugin

    try:
        with TiffImagePlugin.TiffImageFile(path) as image:
            pages = [_pillow_page(image, page.index) for page in series.pages]
    except (OSError, EOFError, ValueError, TypeError, IndexError, SyntaxError, RuntimeError):
        return None
    if any(page.shape != series.keyframe.shape or page.dtype != series.dtype for page in pages):
        return None
    return np.stack(pages).reshape(series.shape)


def _pillow_page(image: Any, index: int) -> Pixels:
    """A page as it is stored: Pillow itself would turn it, and refuse large ones, which were checked before."""
    from PIL import Image

    image.seek(index)
    coding, *_, settings = image.tile[0]
    if coding != "libtiff":
        raise OSError("not read by libtiff")
    image.fp.seek(0)
    return np.asarray(Image.frombytes(image.mode, image.size, image.fp.read(), coding, *settings))
