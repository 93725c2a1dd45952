"""A picture: pixels as the file stored them, what its axes mean, and everything else the file said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .exif import resize_block
from .orientation import orientation

SPATIAL = "ZYX"
Pixels = np.ndarray[Any, np.dtype[Any]]


class Resolution(NamedTuple):
    """Pixels per unit of length, exact; `unit` is "inch", "centimetre", "metre" or "none" (only the ratio is known)."""

    x: Fraction
    y: Fraction
    unit: str

    def into(self, unit: str) -> Resolution | None:
        """The same density in another unit; None where one of the two has no length."""
        metres = {"inch": Fraction(254, 10000), "centimetre": Fraction(1, 100), "metre": Fraction(1)}
        if unit == self.unit:
            return self
        if unit not in metres or self.unit not in metres:
            return None
        factor = metres[unit] / metres[self.unit]
        return Resolution(self.x * factor, self.y * factor, unit)


class PixelSize(NamedTuple):
    """The physical length of one pixel along one axis."""

    value: float
    unit: str


class Timing(NamedTuple):
    """How an animation plays: milliseconds for each frame, and how often (0: for ever)."""

    durations: tuple[float, ...]
    loop: int


@dataclass(frozen=True)
class Metadata:
    """What a file says besides its pixels.

    `exif` is a TIFF-structured block without the "Exif" marker, `icc` a colour profile, `xmp` a packet, all as found;
    `timing` is there if the file was an animation, whose frames are along the axis T.
    `native` is what only the source's own format can hold (a `PngExtras`, `JpegCoding`, `TiffLayout`, …), and `scale`
    the factor per axis by which the picture has grown since it was read, so that `native` can follow on writing.
    """

    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    resolution: Resolution | None = None
    pixel_size: Mapping[str, PixelSize] = field(default_factory=dict)
    scale: Mapping[str, Fraction] = field(default_factory=dict)
    native: object | None = None
    timing: Timing | None = None

    def scaled(self, scale: Mapping[str, Fraction], width: int, height: int) -> Metadata:
        """The metadata of the same scene on a finer grid: densities grow by `scale`, pixel sizes shrink by it."""
        across, down = scale.get("X", Fraction(1)), scale.get("Y", Fraction(1))
        density = self.resolution and Resolution(
            self.resolution.x * across, self.resolution.y * down, self.resolution.unit
        )
        sizes = {a: PixelSize(s.value / float(scale.get(a, 1)), s.unit) for a, s in self.pixel_size.items()}
        total = {a: self.scale.get(a, Fraction(1)) * scale.get(a, Fraction(1)) for a in {*self.scale, *scale}}
        exif = self.exif and resize_block(self.exif, width, height, across, down)
        return replace(self, exif=exif, resolution=density, pixel_size=sizes, scale=total)


@dataclass(frozen=True, eq=False)  # arrays do not compare to one truth value
class Picture:
    """An image file in memory.

    `pixels` has the dtype and shape stored in the file (colour tables resolved, alpha taken out), one axis per letter
    of `axes`: Y, X and Z are spatial, C holds channels, any other letter (T, I, Q, …) counts independent images. A
    signal has the axes "X". `alpha` has the shape of `pixels` without C and is never restored, only carried. `notes`
    says in words what reading changed or could not keep.
    """

    pixels: Pixels
    axes: str
    format: str = "npy"
    metadata: Metadata = field(default_factory=Metadata)
    alpha: Pixels | None = None
    source: Path | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_axes(self.axes, self.pixels.ndim)

    @property
    def orientation(self) -> int:
        """How the pixels are turned before they are shown: EXIF's tag, 1 (not at all) to 8."""
        return orientation(self.metadata) if "Y" in self.axes else 1

    @property
    def sizes(self) -> dict[str, int]:
        """The size along each axis, by letter."""
        return dict(zip(self.axes, self.pixels.shape, strict=True))

    def replace(self, pixels: Pixels) -> Picture:
        """The same picture with other pixels, of the same shape or of another spatial size (super-resolution).

        A change of size divides the physical pixel sizes by the scale, multiplies resolutions by it, and resizes alpha:
        bicubic along Y and X, nearest along Z. Without a change of size alpha is the same array.

        Raises ValueError if the number of axes, channels or independent images differs.
        """
        scale = self._scale_to(pixels.shape)
        if not scale:
            return replace(self, pixels=pixels)
        after = dict(zip(self.axes, pixels.shape, strict=True))
        alpha = None if self.alpha is None else _resize(self.alpha, self.axes.replace("C", ""), after)
        metadata = self.metadata.scaled(scale, after.get("X", 1), after.get("Y", 1))
        return replace(self, pixels=pixels, alpha=alpha, metadata=metadata)

    def _scale_to(self, shape: tuple[int, ...]) -> dict[str, Fraction]:
        if len(shape) != len(self.axes):
            raise ValueError(
                f"Picture.replace(pixels.shape={shape}): the picture has {len(self.axes)} axes ({self.axes}). "
                "Give as many."
            )
        for letter, old, new in zip(self.axes, self.pixels.shape, shape, strict=True):
            if old != new and letter not in SPATIAL:
                raise ValueError(
                    f"Picture.replace(pixels.shape={shape}): axis {letter} had {old} entries. "
                    f"Only {', '.join(SPATIAL)} may change."
                )
        both = zip(self.axes, self.pixels.shape, shape, strict=True)
        return {letter: Fraction(new, old) for letter, old, new in both if old != new}


def check_axes(axes: str, ndim: int) -> None:
    """Refuse an axes string that does not fit an array of `ndim` dimensions.

    Raises ValueError for anything but one distinct upper-case letter per dimension, with X among them, Y with more
    than one.
    """
    if len(axes) != ndim:
        raise ValueError(
            f"Picture(axes={axes!r}): {len(axes)} letters for an array of {ndim} dimensions. Give one letter for each."
        )
    if len(set(axes)) != len(axes):
        raise ValueError(
            f"Picture(axes={axes!r}): a letter occurs twice for {ndim} dimensions. "
            "Use distinct letters, such as 'TZYX'."
        )
    if not (axes.isascii() and axes.isalpha() and axes.isupper()) or "S" in axes:
        raise ValueError(
            f"Picture(axes={axes!r}): axes are letters A to Z, samples are C. Write for example 'YXC' or 'ZYX'."
        )
    if "X" not in axes or ("Y" not in axes and ("Z" in axes or ndim > 2)):
        raise ValueError(
            f"Picture(axes={axes!r}): Y and X must be among them (X alone for signals). Write for example 'IYX'."
        )


def _resize(alpha: Pixels, axes: str, sizes: Mapping[str, int]) -> Pixels:
    """Alpha on the new grid: bicubic along Y and X (Pillow), nearest along Z, rounded and clipped for integers."""
    from PIL import Image

    if "Z" in axes:
        at = axes.index("Z")
        index = (np.arange(sizes["Z"]) * alpha.shape[at]) // sizes["Z"]
        alpha = np.take(alpha, index, axis=at)
    pages = alpha.reshape(-1, *alpha.shape[-2:]).astype(np.float32)
    size = (sizes["X"], sizes["Y"])
    larger = [np.asarray(Image.fromarray(page).resize(size, Image.Resampling.BICUBIC)) for page in pages]
    result = np.stack(larger).reshape(*alpha.shape[:-2], size[1], size[0])
    if alpha.dtype == np.bool_:
        return np.asarray(result >= 0.5)
    if np.issubdtype(alpha.dtype, np.integer):
        limits = np.iinfo(alpha.dtype)
        return np.asarray(np.clip(np.rint(result.astype(np.float64)), limits.min, limits.max).astype(alpha.dtype))
    return np.asarray(result.astype(alpha.dtype))
