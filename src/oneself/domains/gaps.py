"""Places of an image that hold no number: NaN borders, infinite pixels. They are worked around and left as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Gaps", "check_pixels", "close_gaps"]

Array = np.ndarray[Any, np.dtype[Any]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

LEAST = 8  # numbers under which there is nothing to work around


@dataclass(frozen=True)
class Gaps:
    """Where an image ``(C, *spatial)`` holds NaN or infinite values, and the image as it was."""

    where: Mask
    pixels: Array

    def words(self) -> str:
        share = self.where.mean()
        return f"{self.where.sum()} values ({share:.1%}) are NaN or infinite; they were left as they are"

    def put_back(self, made: Array) -> Array:
        """The result ``(C, *size)`` with what the image holds there; NaN where the result has another size."""
        if made.shape == self.pixels.shape:
            return np.where(self.where, self.pixels, made)
        where = self.where
        for axis, n in enumerate(made.shape[1:], 1):
            place = (np.arange(n) * where.shape[axis]) // n
            where = np.take(where, place, axis=axis)
        channels = where if len(where) == len(made) else where.any(axis=0, keepdims=True)
        return np.where(channels, np.asarray(np.nan, made.dtype), made)


def close_gaps(pixels: Array) -> tuple[Array, Gaps | None]:
    """The image ``(C, *spatial)`` with a number everywhere, and its gaps; ``None`` where it has none.

    A gap is filled by what lies as far beyond its nearest edge, as in a mirror: it then has the noise that the rest of
    the image has, so that it neither misleads the measuring of noise nor draws anything out of its surroundings.

    Raises ``ValueError`` where hardly any number is left.
    """
    if pixels.dtype.kind != "f":
        return pixels, None
    where = ~np.isfinite(pixels)
    if not where.any():
        return pixels, None
    if (~where).sum() < LEAST:
        raise ValueError(
            f"image: {where.sum()} of {where.size} values are NaN or infinite. Nothing is left to restore."
        )
    filled = pixels.copy()
    for channel, missing in zip(filled, where, strict=True):
        if missing.any():
            _mirror(channel, missing, filled[~where])
    return filled, Gaps(where, pixels)


def _mirror(channel: Array, missing: Mask, others: Array) -> None:
    """Fill one channel in place; one without any number by the median of the others."""
    from scipy.ndimage import distance_transform_edt

    if missing.all():
        channel[...] = np.median(others)
        return
    nearest = distance_transform_edt(missing, return_distances=False, return_indices=True)
    here = np.stack(np.nonzero(missing))
    edge = nearest[(slice(None), *here)]
    size = np.array(channel.shape)[:, None]
    beyond = 2 * edge - here
    inside = ((beyond >= 0) & (beyond < size)).all(axis=0)
    beyond = np.where(inside, beyond, edge)
    known = ~missing[tuple(beyond)]
    channel[tuple(here)] = channel[tuple(np.where(known, beyond, edge))]


def check_pixels(pixels: Array, name: str, *, gaps: bool = False) -> None:
    """Refuse what cannot be restored: no pixels, complex or object values, one value everywhere, and, unless ``gaps``
    may be there, NaN and infinity.

    Raises ``TypeError`` for the kind of values, ``ValueError`` for the rest; ``name`` opens the message, such as
    ``denoise(image)``.
    """
    if np.issubdtype(pixels.dtype, np.complexfloating):
        raise TypeError(
            f"{name}: complex values ({pixels.dtype}). Restore the real and imaginary parts, or magnitude, apart."
        )
    if pixels.dtype.kind not in "buif":
        raise TypeError(f"{name}: {pixels.dtype} values are no measurements. Give integers or floats.")
    if pixels.size == 0:
        raise ValueError(f"{name}: it is empty (shape {pixels.shape}). Give at least one value along every axis.")
    known = pixels
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        known = pixels[np.isfinite(pixels)]
        _check_finite(pixels, name, known, gaps)
    first = known.reshape(-1)[0]
    if (known == first).all():
        raise ValueError(
            f"{name}: all {known.size} values are {first}. Where all are the same nothing can be restored."
        )
    if pixels.dtype.kind == "f" and not np.isfinite(float(known.max()) - float(known.min())):
        raise ValueError(f"{name}: values from {known.min():g} to {known.max():g}, too far apart. Divide them first.")


def _check_finite(pixels: Array, name: str, known: Array, gaps: bool) -> None:
    count = pixels.size - known.size
    nans = int(np.isnan(pixels).sum())
    what = "NaN" if nans == count else "infinite" if not nans else "NaN or infinite"
    if known.size < LEAST:
        raise ValueError(f"{name}: {count} of {pixels.size} values are {what}. Nothing is left to restore.")
    if not gaps:
        first = tuple(int(i) for i in np.unravel_index(int(np.argmin(np.isfinite(pixels))), pixels.shape))
        raise ValueError(
            f"{name}: {count} of {pixels.size} values are {what}, the first at index {first}. "
            "Replace them first, or mark them as missing and inpaint."
        )
