"""Stripes: noise that all elements of a line share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oneself.noise.blocks import checked

__all__ = ["line_offsets", "stripe_levels"]

AROUND = (1, 2, 4, 8)  # lines to either side that one may be compared to
ROUNDS, RATE = 4, 0.7
LEFT = 0.7  # times the stripes' variance, divided by the lines compared to, is what is left of it
SHORTEST = 24  # elements of a line, and lines, that are needed to tell
SURE = 3.0  # how far above what the scatter within lines makes of them that of lines must lie
ALIKE = 0.5  # autocorrelation of the offsets from which lines repeat themselves
SEEN = 1.5 / 255  # fainter ones cannot be told from fine texture


def stripe_levels(x: NDArray[np.floating]) -> tuple[float, ...]:
    """The standard deviation of the noise that whole lines of ``x`` (C, *spatial) share, for lines along every axis; 0
    where there is none.

    A line's offset against its two neighbours is the mean of the middle half of ``x_r - (x_{r-1} + x_{r+1}) / 2``; its
    variance is 3/2 of the stripes' and what is left of the scatter along the line. The scatter of the offsets is
    measured by their median absolute deviation, so that edges along a few lines do not count.

    Raises TypeError for other than real floating values, ValueError for a shape, size or pixels that cannot do.
    """
    x = checked(x, "stripe_levels")
    return tuple(_level(x, axis) for axis in range(1, x.ndim))


def _level(x: NDArray[np.floating], along: int) -> float:
    if x.ndim < 3 or x.shape[along] < SHORTEST:
        return 0.0
    found = [_across(x, along, axis) for axis in range(1, x.ndim) if axis != along]
    return min(found)  # a sheet, constant along two axes, is no stripe of either


def _across(x: NDArray[np.floating], along: int, axis: int) -> float:
    if x.shape[axis] < SHORTEST:
        return 0.0
    lines = np.moveaxis(x, (axis, along), (-2, -1))
    gaps = np.sort(lines[..., 1:-1, :] - (lines[..., :-2, :] + lines[..., 2:, :]) / 2, axis=-1)
    offsets, n = _middle(gaps), gaps.shape[-1]
    scatter = 1.4826 * float(np.median(np.abs(offsets - np.median(offsets, axis=-1, keepdims=True))))
    within = 0.7413 * (gaps[..., -(-3 * n // 4) - 1] - gaps[..., n // 4])  # the deviation of a normal distribution
    chance = 1.1 * float(np.sqrt(np.mean(within**2) / n))
    if scatter < SURE * chance:
        return 0.0
    level = float(np.sqrt((scatter**2 - chance**2) * 2 / 3))
    return level if level >= SEEN and not _repeats(offsets) else 0.0


def _repeats(offsets: NDArray[np.floating]) -> bool:
    """Whether the offsets of lines repeat themselves, as a lattice's do; what one line more or two tell apart aside."""
    away = offsets - offsets.mean(axis=-1, keepdims=True)
    n = away.shape[-1]
    products = np.fft.irfft(np.abs(np.fft.rfft(away, 2 * n, axis=-1)) ** 2, axis=-1)[..., :n]
    return bool((np.abs(products[..., 3:]).max(axis=-1) > ALIKE * products[..., 0]).all())


def _middle(ranked: NDArray[np.floating]) -> NDArray[np.floating]:
    """The mean of the middle half of ranked values: as robust as need be, and smooth where values are few."""
    n = ranked.shape[-1]
    return np.asarray(ranked[..., n // 4 : n - n // 4].mean(axis=-1))


def line_offsets(x: NDArray[np.floating], along: int) -> NDArray[np.float64]:
    """The offset of every line along an axis against the lines around it, ``(C, *spatial)`` with 1 along that axis.

    ``o <- o + 0.7 m(x_r - o_r - mean of (x - o) over the k lines to either side)`` with the mean of the middle half
    ``m``, four times. The more lines are looked at, the less is left of stripes (a quarter of their deviation for 8),
    and the more of what the picture itself has along its lines is taken for stripes; of 1, 2, 4 and 8 the one is taken
    at which both together are least: the offsets' variance above the stripes', and ``0.7 s² / (2 k + 1)``. Near a
    border as many lines are looked at to one side as there are to the other.

    Parameters
    ----------
    x : ndarray
        ``(C, *spatial)`` of 2 or 3 spatial axes.
    along : int
        Spatial axis that the lines run along.
    """
    stripes = stripe_levels(x)[along] ** 2
    found = [_offsets(x, 1 + along, reach) for reach in AROUND]
    taken = [max(0.0, float(np.var(o)) - stripes) for o in found]
    risks = [more + LEFT * stripes / (2 * reach + 1) for more, reach in zip(taken, AROUND, strict=True)]
    return found[int(np.argmin(risks))]


def _offsets(x: NDArray[np.floating], axis: int, most: int) -> NDArray[np.float64]:
    offsets = np.zeros([n if a != axis else 1 for a, n in enumerate(x.shape)])
    others = [a for a in range(1, x.ndim) if a != axis]
    for _ in range(ROUNDS):
        level = x - offsets
        gaps = [np.sort(level - _mean_around(level, across, most), axis=axis) for across in others]
        middles = [np.expand_dims(_middle(np.moveaxis(gap, axis, -1)), axis) for gap in gaps]
        offsets += RATE * np.mean(middles, axis=0)
    return offsets


def _mean_around(x: NDArray[np.floating], axis: int, most: int) -> NDArray[np.floating]:
    """The mean of the lines to either side of each across an axis, without it; the line itself at the very border."""
    x = np.moveaxis(x, axis, 0)
    n = len(x)
    here = np.arange(n)
    reach = np.minimum(np.minimum(here, n - 1 - here), most)
    total = np.concatenate([np.zeros_like(x[:1]), np.cumsum(x, axis=0, dtype=np.float64)])
    shape = (-1, *([1] * (x.ndim - 1)))
    around = (total[here + reach + 1] - total[here - reach] - x) / np.maximum(2 * reach, 1).reshape(shape)
    return np.moveaxis(np.where(reach.reshape(shape) > 0, around, x), 0, axis)
