"""The level of white Gaussian noise, from the fine detail of the flattest blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oneself.noise.blocks import Blocks, Bounds, active_bounds, checked, cut_blocks

FLATTEST = 0.02  # of the blocks: few enough to be flat in most pictures, many enough to average
MIN_COEFFICIENTS = 2000  # to average over, for a standard error of 1.6 %
SIDES = {1: 16, 2: 8, 3: 4}
LIMIT = 40_000
NORMAL = 0.6745  # the median of |z|, z standard normal
WAVE = 4.0  # times the median power of the coefficients, from which one is a wave of the picture


def estimate_sigma(x: NDArray[np.floating]) -> float:
    """The standard deviation of white Gaussian noise in `x` (C, *spatial), in the units of `x` ([0, 1]).

    Blocks of the picture are ranked by the power of their low DCT frequencies; over the flattest of them the power of
    the high frequencies is averaged: sigma^2 = median_b mean_{u high} D_b(u)^2. The two bands of white noise are
    independent, so the choice does not bias the estimate (Ponomarenko et al. 2007, "An automatic approach to lossy
    compression of AVIRIS images"; Colom and Buades 2013, IPOL). Channels are combined by the root mean square.

    Limits: fine texture that fills the whole picture (grass) is counted as noise, correlated noise is underestimated,
    of signal-dependent noise it is the level in the flattest regions; `describe_noise` tells these apart. A picture
    saturated nearly everywhere gives too low a level.

    Raises TypeError for other than real floating values, ValueError for a shape, size or pixels that cannot do.
    """
    x = checked(x, "estimate_sigma")
    bounds = active_bounds(x)
    return combine([sigma_blocks(channel, bounds) for channel in x])


def median_level(x: NDArray[np.floating]) -> float:
    """The standard deviation of white Gaussian noise in a picture `x` (C, H, W) of few pixels, in the units of `x`.

    ``median |d| / 0.6745`` over the differences ``d`` of the differences of neighbours down and across, halved: edges
    along either axis leave no trace in it, and of others it takes a quarter of the picture to mislead the median.

    Donoho, Johnstone. Ideal spatial adaptation by wavelet shrinkage. Biometrika 1994. (the median)
    """
    details = np.diff(np.diff(checked(x, "median_level").astype(np.float64), axis=1), axis=2) / 2
    return float(np.median(np.abs(details)) / NORMAL) if details.size else 0.0


def sigma_blocks(channel: NDArray[np.floating], bounds: Bounds) -> tuple[float, bool]:
    """The variance of white noise in one channel, and whether the channel had unsaturated blocks to tell."""
    blocks = cut_blocks(channel, SIDES[channel.ndim], LIMIT, bounds)
    low, high = bands(blocks)
    count = max(FLATTEST * len(blocks), min(MIN_COEFFICIENTS / high.sum(), len(blocks) / 4))
    chosen = blocks.flattest(int(np.ceil(count)), low)
    return typical_power(_without_waves(blocks.power[chosen][:, high])), blocks.usable


def _without_waves(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (blocks, coefficients) without those coefficients that hold far more than most: a mosaic, a fine grating."""
    mean = power.mean(axis=0)
    noise = mean <= WAVE * np.median(mean)
    return power[:, noise] if noise.any() else power


def combine(variances: list[tuple[float, bool]]) -> float:
    """The root mean square over the channels, over those that are not saturated where there are any."""
    values = [v for v, usable in variances if usable] or [v for v, _ in variances]
    return float(np.sqrt(np.mean(values)))


def bands(blocks: Blocks) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The low frequencies (without the mean), that tell structure, and the high ones, that tell noise."""
    height = blocks.frequency.mean(axis=1)
    high = height >= 0.4375
    return (height > 0) & (height <= 0.25) & ~high, high


def typical_power(power: NDArray[np.float64]) -> float:
    """The mean power of (blocks, coefficients), by the median over blocks, freed of the skew of chi squared."""
    freedom = power.shape[1]
    return float(np.median(power.mean(axis=1)) / (1 - 2 / (9 * freedom)) ** 3)
