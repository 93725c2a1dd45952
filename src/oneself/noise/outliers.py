"""Values that have nothing to do with what is around them: impulses, hot and dead pixels, dead lines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from oneself.noise.blocks import checked

__all__ = ["fill_outliers", "find_outliers"]

Values = NDArray[np.floating]
Mask = NDArray[np.bool_]
Slices = tuple[slice, ...]

CLEAR = 0.08  # of the range: what an outlier is away from its neighbours at least
SCATTER = 5.0  # times the typical distance of neighbours, likewise
SPREAD = 3.0  # times that of the values around, likewise; between the 10 and the 90 % quantile
KNOWN = 6  # values around that are no outliers themselves, to tell by
FEWEST, LEAST = 1e-3, 8  # share and number from which outliers are dealt with: below, they may be glints or stars
MOST = 0.45  # share up to which: beyond, there is no telling which are the outliers
PILED = 0.6  # share of outliers that lie at the same two values, from which all of these values are looked at
LEVELS = 16  # values that a channel has at least: of fewer it is drawn, and any may stand alone
LEAK = 0.1  # share of what is far from its surroundings that is seen beside it, too, where a lens made it
LEAKING = 0.34  # of outliers at most that are seen beside themselves
CHAINED = 0.5  # outliers beside one, above twice what chance would put there, from which they are lines
BOTH = 0.2  # share of the rarer of two such values, from which even what lies on one flat ground is an outlier
FARTHEST = 8  # elements on that what repeats is looked for
LINES = 0.02  # of all lines at most are dead
ROUNDS = 2
STRIP = 2**18  # places whose surroundings are looked at together


def find_outliers(x: Values) -> Mask:
    """Where ``x`` (C, *spatial), two or three spatial axes, in [0, 1], holds outliers; nowhere where they are few.

    A value is one where it differs from nearly all values beside it, and from the median of those around by far more
    than these differ. Where most lie at one or two values (salt and pepper), the other values there are judged by the
    median alone. A line is dead where it differs from both lines beside it, which are alike, all along.

    Of few values, or mostly two, none is an outlier, nor are drawn lines, nor what repeats two elements on. What a lens
    has drawn is seen beside itself, too; where many are, none is an outlier. Dots on a ground of one flat colour are
    part of a drawing, unless there are bright and dark ones.

    Raises TypeError for other than real floating values, ValueError for a shape, size or pixels that cannot do.
    """
    x = checked(x, "find_outliers")
    if x.ndim < 3 or min(x.shape[1:]) < 3:
        return np.zeros(x.shape, bool)
    lines = np.stack([_dead_lines(channel) for channel in x])
    return lines | np.stack([_single(channel) for channel in fill_outliers(x, lines)])


def fill_outliers(x: Values, outliers: Mask) -> Values:
    """``x`` with every outlier replaced by the mean of what is known around it, nearer values weighing more."""
    if not outliers.any():
        return x
    filled = x.copy()
    for channel, missing, made in zip(x, outliers, filled, strict=True):
        known = ~missing
        for radius in itertools.count(1):
            total, weight = _weighed(channel, known, radius)
            reached = missing & (weight > 0)
            made[reached] = total[reached] / weight[reached]
            missing = missing & ~reached
            if not missing.any() or radius >= max(channel.shape):
                break
    return filled


def _weighed(channel: Values, known: Mask, radius: int) -> tuple[Values, Values]:
    """Of the known values within a radius of every element, the sum of them times their weights, and of the weights."""
    total, weight = np.zeros(channel.shape), np.zeros(channel.shape)
    values = np.where(known, channel, 0)
    for offset in _offsets(channel.ndim, radius):
        here, there = _shifted(offset)
        share = 1 / sum(o * o for o in offset) ** 2
        total[here] += share * values[there]
        weight[here] += share * known[there]
    return total, weight


def _single(channel: Values) -> Mask:
    typical = SCATTER * _scatter(channel)
    clear = max(CLEAR, typical)
    candidates = _alone(channel, clear)
    found = np.zeros(channel.shape, bool)
    for _ in range(ROUNDS):
        places, median, spread = _around(channel, candidates, candidates | found)
        far = np.abs(channel[places] - median) > np.maximum(clear, SPREAD * spread)
        found = np.zeros(channel.shape, bool)
        found[tuple(index[far] for index in places)] = True
    if not found.any() or len(np.unique(channel)) < LEVELS:
        return np.zeros(channel.shape, bool)
    piled = _piled(channel, found)
    if piled is not None and piled.mean() > MOST:
        return np.zeros(channel.shape, bool)
    if piled is not None:
        places, median, spread = _around(channel, piled, piled | found)
        found[tuple(index[np.abs(channel[places] - median) > max(CLEAR, typical / 2)] for index in places)] = True
    enough = found.sum() >= LEAST and FEWEST <= found.mean() <= MOST
    return found if enough and not _drawn(channel, found) else np.zeros(channel.shape, bool)


def _scatter(channel: Values) -> float:
    """The deviation of white noise that would have the median distance of neighbours."""
    gaps = [np.abs(np.diff(channel, axis=axis)).ravel() for axis in range(channel.ndim)]
    return float(np.median(np.concatenate(gaps))) / (0.6745 * 2**0.5)


def _alone(channel: Values, clear: float) -> Mask:
    """Where more than half of as many values as lie beside one lie clearly to the same side; frames are not alone."""
    above, below = np.zeros(channel.shape, np.int8), np.zeros(channel.shape, np.int8)
    for offset in _offsets(channel.ndim, 1):
        here, there = _shifted(offset)
        gap = channel[here] - channel[there]
        above[here] += gap > clear
        below[here] += gap < -clear
    return np.asarray(2 * np.maximum(above, below) > 3**channel.ndim - 1)


def _around(channel: Values, asked: Mask, unknown: Mask) -> tuple[tuple[NDArray[np.intp], ...], Values, Values]:
    """Of the places asked for, those with enough known values around; the median of these, and their spread."""
    radius = 2 if channel.ndim == 2 else 1
    offsets = np.array(list(_offsets(channel.ndim, radius)))
    padded = np.pad(np.where(unknown, np.nan, channel), radius, constant_values=np.nan)
    places = np.argwhere(asked)
    kept, medians, spreads = [], [], []
    for first in range(0, len(places), STRIP // len(offsets)):
        some = places[first : first + STRIP // len(offsets)]
        around = np.sort(padded[tuple((some[:, None] + offsets + radius).transpose(2, 0, 1))], axis=1)
        count = np.isfinite(around).sum(axis=1)
        enough = count >= KNOWN
        around, count = around[enough], count[enough]
        low, middle, high = (
            np.take_along_axis(around, ((count - 1) * q).round().astype(int)[:, None], 1)[:, 0] for q in (0.1, 0.5, 0.9)
        )
        kept.append(some[enough])
        medians.append(middle)
        spreads.append(high - low)
    if not kept:
        return tuple(places.T), np.empty(0), np.empty(0)
    return tuple(np.concatenate(kept).T), np.concatenate(medians), np.concatenate(spreads)


def _piled(channel: Values, found: Mask) -> Mask | None:
    """All elements of the two values that most outliers have, where most have them."""
    values, counts = np.unique(channel[found], return_counts=True)
    often = values[np.argsort(counts)[-2:]]
    at = np.isin(channel, often)
    return at if (at & found).sum() >= PILED * found.sum() else None


def _drawn(channel: Values, found: Mask) -> bool:
    """Whether the outliers belong to the picture: they form lines, or repeat (gratings, a sensor's mosaic), or many
    are seen beside themselves, or they lie on flat ground, nearly all bright or nearly all dark."""
    if _repeats(found):
        return True
    places, median, spread = _around(channel, found, found)
    away = channel[places] - median
    here, around = np.stack(places) + 1, np.pad(found, 1)
    beyond = np.pad(channel, 2, constant_values=np.nan)
    beside = sum(around[tuple(here + np.array(offset)[:, None])] for offset in _offsets(channel.ndim, 1))
    if np.mean(beside) > CHAINED + 2 * found.mean() * (3**channel.ndim - 1):
        return True
    alike = sum(
        np.abs(beyond[tuple(here + 1 + 2 * np.array(offset)[:, None])] - channel[places]) < np.abs(away) / 2
        for offset in _offsets(channel.ndim, 1)
    )
    if np.mean(2 * alike >= 3**channel.ndim - 1) > LEAKING:
        return True
    leaking = (_beside(channel, found)[places] - median) * np.sign(away) > LEAK * np.abs(away)
    if leaking.sum() > LEAKING * len(away):
        return True
    flat = spread == 0
    if 2 * flat.sum() <= len(flat):
        return False
    bright = float((away > 0).mean())
    return min(bright, 1 - bright) < BOTH


def _repeats(found: Mask) -> bool:
    """Whether most have another some elements on along an axis, where chance would put one beside few."""
    most = CHAINED + found.mean() / 2
    for axis in range(found.ndim):
        along = np.moveaxis(found, axis, 0)
        for lag in range(1, min(FARTHEST, len(along) - 1) + 1):
            if (along[:-lag] & along[lag:]).sum() > most * max(1, along[:-lag].sum()):
                return True
    return False


def _beside(channel: Values, unknown: Mask) -> Values:
    """The mean of the known values that share a side with each element; NaN where there is none."""
    total, count = np.zeros(channel.shape), np.zeros(channel.shape)
    for offset in _offsets(channel.ndim, 1):
        if sum(map(abs, offset)) == 1:
            here, there = _shifted(offset)
            total[here] += np.where(unknown[there], 0, channel[there])
            count[here] += ~unknown[there]
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _dead_lines(channel: Values) -> Mask:
    found = np.zeros(channel.shape, bool)
    if channel.ndim != 2:
        return found
    for axis in (0, 1):
        lines = np.moveaxis(channel, axis, 0)
        if len(lines) < 3:
            continue
        before, here, after = lines[:-2], lines[1:-1], lines[2:]
        apart = np.median(np.abs(here - (before + after) / 2), axis=1)
        beside = np.median(np.abs(before - after), axis=1)
        flat = np.maximum((np.diff(before, axis=1) == 0).mean(axis=1), (np.diff(after, axis=1) == 0).mean(axis=1))
        dead = (apart > max(CLEAR, SCATTER * float(np.median(apart)))) & (apart > SPREAD * beside) & (flat < 0.5)
        if 0 < dead.mean() <= LINES:
            np.moveaxis(found, axis, 0)[1:-1][dead] = True
    return found


def _offsets(dims: int, radius: int) -> Iterator[tuple[int, ...]]:
    """All offsets within a radius along every axis but none."""
    return (o for o in itertools.product(range(-radius, radius + 1), repeat=dims) if any(o))


def _shifted(offset: tuple[int, ...]) -> tuple[Slices, Slices]:
    """The elements that have another at an offset, and these others."""
    here = tuple(slice(max(0, -o), -o if o > 0 else None) for o in offset)
    there = tuple(slice(max(0, o), o if o < 0 else None) for o in offset)
    return here, there
