"""Between the numbers a picture holds and the unit range in which networks work."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Range", "from_unit", "measured_range", "same_units", "to_unit"]

Array = np.ndarray[Any, np.dtype[Any]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

MIDDLE = (0.15, 0.85)  # the quantiles between which at least the usual values of a picture lie, impulses or not
FAR = 2.0  # times their distance beyond which a value is an outlier, or the picture is dark with bright things in it
EXACT = 2**53  # whole numbers up to which floats are exact
FURTHEST = 1e5  # times the range that any value may lie outside of it
BLOCK = 3  # neighbours as far away that one in a block of 2 x 2 has; one in a line has two
LOOKED_AT = 2**20  # values that quantiles are taken of


class Range(NamedTuple):
    """The values that became 0 and 1, and the dtype they came from."""

    low: float
    high: float
    dtype: np.dtype[Any]

    @property
    def width(self) -> float:
        return self.high - self.low

    def unit(self, pixels: Array) -> Array:
        """``(pixels - low) / (high - low)`` as float32."""
        values = pixels.astype(np.float64)
        values -= self.low
        values /= self.width
        return values.astype(np.float32)

    def words(self) -> str:
        """Such as ``values of 100 to 300 are taken as 0 to 1``."""
        return f"values of {self.low:.6g} to {self.high:.6g} are taken as 0 to 1"


def same_units(one: np.dtype[Any], other: np.dtype[Any]) -> bool:
    """Whether values of two types may be taken to be in the same units: both floats, or integers of one width."""
    return one.kind == other.kind == "f" or one.newbyteorder("=") == other.newbyteorder("=")


def to_unit(
    pixels: Array, data_range: float | Sequence[float] | None = None, *, from_zero: bool = False
) -> tuple[Array, Range]:
    """The pixels as float32, ``(pixels - low) / (high - low)``, and the range that leads back.

    Without ``data_range`` the range is the picture's own, whatever its type may hold (``measured_range``), so that an
    image scaled or shifted gives the same numbers. ``data_range`` is the largest value, with 0 the smallest, or (low,
    high). ``from_zero`` keeps 0 at 0, for counts. Values outside the range pass through, beyond [0, 1].

    The way back is exact for integers whose range spans fewer than 2**24 values.

    Raises ``TypeError`` for pixels that are not real numbers; ``ValueError`` for a range that is none, or that is so
    wide or narrow that nothing of the picture would be left.
    """
    if pixels.dtype.kind not in "buif":
        raise TypeError(
            f"to_unit(pixels.dtype={pixels.dtype}): not real numbers. Convert them to integers or floats first."
        )
    if pixels.dtype.kind in "iu" and pixels.dtype.itemsize == 8 and pixels.size and _largest(pixels) > EXACT:
        raise ValueError(
            f"to_unit(pixels): {pixels.dtype} values beyond {EXACT} are not exact as floats. Subtract what they have "
            "in common first."
        )
    low, high = measured_range(pixels) if data_range is None else _given_range(data_range, pixels)
    low = 0.0 if from_zero and data_range is None and high > 0 else low
    if data_range is None:
        _check_reach(low, high, pixels)
    span = Range(low, high, pixels.dtype)
    return span.unit(pixels), span


def _largest(pixels: Array) -> int:
    return max(abs(int(pixels.min())), abs(int(pixels.max())))


def from_unit(array: Array, span: Range) -> Array:
    """The inverse of ``to_unit``: rounded and clipped to integer dtypes, cut at a half for bool, as is for floats.

    Raises ``ValueError`` if values that must become integers are not finite.
    """
    values = np.asarray(array, dtype=np.float64) * (span.high - span.low) + span.low
    if span.dtype.kind == "f":
        most = float(np.finfo(span.dtype).max)  # an answer beyond a half-float's range would become infinite
        return np.asarray(np.where(np.isfinite(values), np.clip(values, -most, most), values).astype(span.dtype))
    if not np.isfinite(values).all():
        raise ValueError(f"from_unit(array): NaN or infinite values cannot become {span.dtype}. Check the restoration.")
    if span.dtype.kind == "b":
        return np.asarray(values >= 0.5)
    limits = np.iinfo(span.dtype)
    high = limits.max if limits.bits < 64 else np.nextafter(float(limits.max), 0)  # float64 has no 2**63 - 1
    return np.asarray(np.clip(np.rint(values), limits.min, high).astype(span.dtype))


def measured_range(pixels: Array) -> tuple[float, float]:
    """The least and the largest value of an image that are no outliers; of bool 0 and 1.

    Outliers are values far beyond the usual ones (twice the distance of the 15 and 85 % quantiles; beside a background
    of one value, of what is not background) that stand alone, in pairs or in lines: hot and dead pixels and columns,
    impulses. Where values so far away lie side by side (stars, a bright cell in the dark) they belong to the picture.

    Parameters
    ----------
    pixels : ndarray
        Finite real numbers, any axes. One value everywhere gives ``(v, v + 1)``.
    """
    if pixels.dtype.kind == "b":
        return 0.0, 1.0
    low, high = float(pixels.min()), float(pixels.max())
    if low == high:
        return low, low + max(1.0, abs(low) * 1e-3)
    values = pixels.reshape(-1)
    looked_at = values[:: max(1, values.size // LOOKED_AT)].astype(np.float64)
    first, last = np.quantile(looked_at, MIDDLE)
    if first == last:
        others = looked_at[looked_at != first]
        if not others.size:
            return low, high
        inner, outer = np.quantile(others, MIDDLE)
        first, last = min(first, inner), max(last, outer)
    reach = FAR * (last - first)
    if high > last + reach:
        high = _within(pixels, pixels > last + reach, high, largest=True)
    if low < first - reach:
        low = _within(pixels, pixels < first - reach, low, largest=False)
    return low, high


def _within(pixels: Array, far: Mask, extreme: float, largest: bool) -> float:
    """The extreme value of an image without the outliers among the values that are far away."""
    dims, share = sum(n > 1 for n in far.shape), float(far.mean())
    around, least = 3**dims - 1, 1 if dims < 2 else BLOCK
    beside = far & (_neighbours(far) >= least)
    chance = 1 - sum(math.comb(around, k) * share**k * (1 - share) ** (around - k) for k in range(least))
    together = float(beside[far].mean()) > (1 + chance) / 2
    kept = pixels[beside if together else ~far]
    return float(kept.max() if largest else kept.min()) if kept.size else extreme


def _neighbours(far: Mask) -> Array:
    """How many marked ones every element has beside it, along any axis or diagonal."""
    padded = np.pad(far, [(1, 1) if n > 1 else (0, 0) for n in far.shape])
    found = np.zeros(far.shape, np.uint8)
    steps = [(0, 1, 2) if n > 1 else (0,) for n in far.shape]
    middle = tuple(1 if n > 1 else 0 for n in far.shape)
    for start in itertools.product(*steps):
        if start != middle:
            found += padded[tuple(slice(a, a + n) for a, n in zip(start, far.shape, strict=True))]
    return found


def _given_range(data_range: float | Sequence[float], pixels: Array) -> tuple[float, float]:
    try:
        values = [float(value) for value in np.atleast_1d(np.asarray(data_range, dtype=np.float64))]
    except (TypeError, ValueError, OverflowError):
        values = []
    low, high = (0.0, *values) if len(values) == 1 else values if len(values) == 2 else (0.0, 0.0)
    if not (np.isfinite([low, high, high - low]).all() and low < high):
        raise ValueError(
            f"to_unit(data_range={data_range!r}): not a range. "
            "Give the largest value (above 0), or (low, high) with low < high."
        )
    _check_fits(low, high, pixels)
    return low, high


def _check_reach(low: float, high: float, pixels: Array) -> None:
    """Refuse outliers so far away that nothing could be computed with them."""
    if not pixels.size or pixels.dtype.kind != "f":
        return
    least, most = float(pixels.min()), float(pixels.max())
    if max(low - least, most - high) > FURTHEST * (high - low):
        raise ValueError(
            f"to_unit(pixels): single values reach from {least:g} to {most:g}, all others from {low:g} to {high:g}. "
            "Set those that are no measurements to NaN: they count as missing."
        )


def _check_fits(low: float, high: float, pixels: Array) -> None:
    """Refuse a range in which nothing of the picture could be told apart, or that float32 could not hold."""
    if not pixels.size or pixels.dtype.kind == "b":
        return
    least, most = float(pixels.min()), float(pixels.max())
    contrast = (most - least) / (high - low)
    furthest = max(abs(least - low), abs(most - low)) / (high - low)
    if 0 < contrast < 1e-5 or furthest > FURTHEST:
        raise ValueError(
            f"to_unit(data_range=({low:g}, {high:g})): the values are {least:g} to {most:g}, of which nothing would be "
            "left in that range. Give the values of black and white, or leave it out."
        )
