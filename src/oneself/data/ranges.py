"""Between the numbers a file stores and the unit range in which networks work; and pixels that cannot be restored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class Range(NamedTuple):
    """The stored values that became 0 and 1, and the dtype they came from."""

    low: float
    high: float
    dtype: np.dtype[Any]


def to_unit(pixels: Array, data_range: float | Sequence[float] | None = None) -> tuple[Array, Range]:
    """The pixels as float32, `(pixels - low) / (high - low)`, and the range that leads back.

    Without `data_range` bool and 8- and 16-bit integers are scaled by their type: bool 0…1, uint8 0…255, uint16 0…65535
    (12 bits in 16 too), int8 -128…127, int16 -32768…32767. `data_range` is the largest value, with 0 the smallest, or
    (low, high). Floats within [0, 1] are taken as they are. Values outside a given range pass through, beyond [0, 1].
    The way back is exact for integers whose range spans fewer than 2**24 values.

    Raises ValueError where the range cannot be known: other floats, and 32- and 64-bit integers, whose type says
    nothing about the values; TypeError for pixels that are not real numbers.
    """
    if pixels.dtype.kind not in "buif":
        raise TypeError(
            f"to_unit(pixels.dtype={pixels.dtype}): not real numbers. Convert them to integers or floats first."
        )
    low, high = _known_range(pixels) if data_range is None else _given_range(data_range)
    unit = pixels.astype(np.float64)
    unit -= low
    unit /= high - low
    return unit.astype(np.float32), Range(low, high, pixels.dtype)


def from_unit(array: Array, span: Range) -> Array:
    """The inverse of `to_unit`: rounded and clipped to integer dtypes, cut at a half for bool, as is for floats.

    Raises ValueError if values that must become integers are not finite.
    """
    values = np.asarray(array, dtype=np.float64) * (span.high - span.low) + span.low
    if span.dtype.kind == "f":
        return np.asarray(values.astype(span.dtype))
    if not np.isfinite(values).all():
        raise ValueError(f"from_unit(array): NaN or infinite values cannot become {span.dtype}. Check the restoration.")
    if span.dtype.kind == "b":
        return np.asarray(values >= 0.5)
    limits = np.iinfo(span.dtype)
    high = limits.max if limits.bits < 64 else np.nextafter(float(limits.max), 0)  # float64 has no 2**63 - 1
    return np.asarray(np.clip(np.rint(values), limits.min, high).astype(span.dtype))


def _given_range(data_range: float | Sequence[float]) -> tuple[float, float]:
    try:
        values = [float(value) for value in np.atleast_1d(np.asarray(data_range, dtype=np.float64))]
    except (TypeError, ValueError):
        values = []
    low, high = (0.0, *values) if len(values) == 1 else values if len(values) == 2 else (0.0, 0.0)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(
            f"to_unit(data_range={data_range!r}): not a range. "
            "Give the largest value (above 0), or (low, high) with low < high."
        )
    return low, high


def _known_range(pixels: Array) -> tuple[float, float]:
    kind, size = pixels.dtype.kind, pixels.dtype.itemsize
    if kind == "b":
        return 0.0, 1.0
    if kind in "ui" and size <= 2:
        return float(np.iinfo(pixels.dtype).min), float(np.iinfo(pixels.dtype).max)
    low, high = float(pixels.min()), float(pixels.max())
    if kind == "f" and low >= 0 and high <= 1:
        return 0.0, 1.0
    raise ValueError(
        f"to_unit(data_range=None): {pixels.dtype} values from {low:g} to {high:g} do not say what black and "
        "white are. "
        f"Pass data_range=(low, high), or --data-range LOW HIGH, for example {low:g} {high:g}."
    )


def check_pixels(pixels: Array, name: str) -> None:
    """Refuse what cannot be restored: no pixels, NaN, infinity, complex or object values, one value everywhere.

    Raises TypeError for the kind of values, ValueError for the rest; `name` opens the message, such as
    `denoise(image)`.
    """
    if np.issubdtype(pixels.dtype, np.complexfloating):
        raise TypeError(
            f"{name}: complex values ({pixels.dtype}). Restore the real and imaginary parts, or magnitude, apart."
        )
    if pixels.dtype.kind not in "buif":
        raise TypeError(f"{name}: {pixels.dtype} values are no pixels. Give integers or floats.")
    if pixels.size == 0:
        raise ValueError(
            f"{name}: no pixels (shape {pixels.shape}). Give an image of at least one pixel along every axis."
        )
    if pixels.dtype.kind == "f":
        _check_finite(pixels, name)
    first = pixels.reshape(-1)[0]
    if (pixels == first).all():
        raise ValueError(
            f"{name}: all {pixels.size} pixels are {first}. A constant image has nothing to restore; check the file."
        )


def _check_finite(pixels: Array, name: str) -> None:
    bad = ~np.isfinite(pixels)
    count = int(bad.sum())
    if not count:
        return
    first = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), pixels.shape))
    nans = int(np.isnan(pixels).sum())
    what = "NaN" if nans == count else "infinite" if not nans else "NaN or infinite"
    raise ValueError(
        f"{name}: {count} of {pixels.size} values are {what}, the first at index {first}. "
        "Replace them first, or mark them as missing and inpaint."
    )
