"""The dependence of the noise variance on the signal: var = gain * mean + offset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oneself.noise.blocks import Array, Blocks, Bounds, cut_blocks
from oneself.noise.level import LIMIT, SIDES, bands

Band = NDArray[np.bool_]

BINS = 12
FLATTEST = 0.05
MIN_CHOSEN = 30


def variance_curve(x: NDArray[np.floating], bounds: Bounds, fine: bool) -> Array:
    """(points, 3): mean, variance and trust of the flattest blocks of each brightness, over all channels of `x`.

    `fine`: measure on the high frequencies (white noise); else on all frequencies, each relative to its typical power
    (correlated noise), in which case the variance is known up to one common factor.
    """
    side = SIDES[x.ndim - 1]
    points = [_channel_curve(cut_blocks(channel, side, LIMIT, bounds), fine) for channel in x]
    return np.concatenate(points)


@dataclass(frozen=True)
class Line:
    """The variance of the noise as gain * mean + offset."""

    gain: float
    offset: float

    def at(self, mean: float) -> float:
        """The variance at brightness `mean`."""
        return self.gain * mean + self.offset


def fit_line(curve: Array, rounds: int = 20) -> Line:
    """Gain and offset of the line through `curve`, by reweighted least squares on relative residuals.

    Points above the line (structure taken for noise) lose their weight sooner than points below it.
    """
    mean, variance, trust = curve.T
    weight = trust / variance**2
    gain = offset = 0.0
    for _ in range(rounds):
        gain, offset = _weighted_line(mean, variance, weight)
        line = np.maximum(gain * mean + offset, variance.min() / 4)
        residual = variance / line - 1
        weight = trust / line**2 / (1 + (residual / np.where(residual > 0, 0.15, 0.4)) ** 2)
    return Line(gain, offset)


def _weighted_line(mean: Array, variance: Array, weight: Array) -> tuple[float, float]:
    centre, level = np.average(mean, weights=weight), np.average(variance, weights=weight)
    spread = float((weight * (mean - centre) ** 2).sum())
    if spread <= 0:
        return 0.0, float(level)
    gain = float((weight * (mean - centre) * (variance - level)).sum() / spread)
    return gain, float(level - gain * centre)


def _channel_curve(blocks: Blocks, fine: bool) -> Array:
    low, high = bands(blocks)
    power, measured = (blocks.power, high) if fine else _relative_power(blocks, low)
    parts = [p for p in np.array_split(np.argsort(blocks.mean, kind="stable"), BINS) if len(p)]
    return np.array([_point(blocks.take(part), power[part], low, measured) for part in parts])


def _point(blocks: Blocks, power: Array, low: Band, measured: Band) -> Array:
    count = int(max(FLATTEST * len(blocks), min(MIN_CHOSEN, len(blocks) / 4), 1))
    chosen = blocks.flattest(count, low)
    variance = max(float(power[chosen][:, measured].mean()), 1e-12)
    structure = float(power[chosen][:, low].mean()) / variance
    return np.array([blocks.mean[chosen].mean(), variance, min(1.0, 1 / max(structure, 1e-12)) ** 2])


def _relative_power(blocks: Blocks, low: Band) -> tuple[Array, Band]:
    """The powers relative to those of the flattest blocks, and the coefficients where these hold noise to speak of."""
    typical = blocks.power[blocks.flattest(max(MIN_CHOSEN, len(blocks) // 50), low)].mean(axis=0)
    typical[0] = 0.0
    floor = max(0.1 * float(typical.mean()), 1e-12)
    return np.asarray(blocks.power / np.maximum(typical, floor)), np.asarray(
        typical > floor if (typical > floor).any() else typical >= 0
    )
