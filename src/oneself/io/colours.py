"""Colour spaces of printing and of older files, made RGB: networks and screens have no use for them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from .picture import Pixels

# from XYZ under D50, in which Lab is given, to linear sRGB, adapted by Bradford's method (B. Lindbloom)
_FROM_XYZ = np.array(
    [[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]]
)


def cmyk_to_rgb(inks: Pixels, profile: bytes | None) -> tuple[Pixels, str]:
    """8-bit inks (…, X, 4) as 8-bit sRGB (…, X, 3), by the colour profile where it serves; and a note in words."""
    from PIL import Image

    rows = np.ascontiguousarray(inks).reshape(-1, *inks.shape[-2:])
    image = Image.frombytes("CMYK", (rows.shape[1], rows.shape[0]), rows.tobytes())
    converted = _by_profile(image, profile) if profile else None
    how = "by its colour profile" if converted is not None else "without a colour profile"
    rgb = np.asarray(image.convert("RGB") if converted is None else converted)
    return rgb.reshape(*inks.shape[:-1], 3), f"the CMYK inks were converted to RGB, {how}: the result is RGB"


def ycbcr_to_rgb(pixels: Pixels) -> Pixels:
    """8-bit luma and chroma (…, X, 3) as RGB."""
    from PIL import Image

    rows = np.ascontiguousarray(pixels).reshape(-1, *pixels.shape[-2:])
    image = Image.frombytes("YCbCr", (rows.shape[1], rows.shape[0]), rows.tobytes())
    return np.asarray(image.convert("RGB")).reshape(pixels.shape)


def lab_to_rgb(pixels: Pixels, signed: bool) -> Pixels:
    """CIE L*a*b* under D50 (…, 3) in 8 or 16 bits as sRGB of the same depth; `signed` is how TIFF's CIELab stores a and
    b, ICCLab adds an offset."""
    from skimage.color import lab2xyz

    most = float(np.iinfo(pixels.dtype).max)
    step = 1.0 if most == 255 else 256.0
    lightness = pixels[..., :1] * (100.0 / most)
    chroma = pixels[..., 1:].view(f"i{pixels.dtype.itemsize}") / step if signed else pixels[..., 1:] / step - 128.0
    linear = lab2xyz(np.concatenate([lightness, chroma], axis=-1), illuminant="D50") @ _FROM_XYZ.T
    linear = np.clip(linear, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(encoded * most).astype(pixels.dtype))


def palette_to_rgb(index: Pixels, table: Pixels) -> Pixels:
    """Places in a colour table (3, n) as colours (…, 3), in 8 bits where the table says no more."""
    small = (table % 257 == 0).all() or (table % 256 == 0).all()  # 8-bit colours, written with either factor
    colours = (table >> 8).astype(np.uint8) if small else table
    return np.moveaxis(colours[:, index], 0, -1)


def _by_profile(image: Any, profile: bytes) -> Any:
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a profile of nonsense, or of another space
        return None
