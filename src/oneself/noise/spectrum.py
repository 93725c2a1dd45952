"""The spectrum of the noise in the flattest blocks, and what it says of the correlation between pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oneself.noise.blocks import Array, Blocks, Bounds, cut_blocks

FLATTEST = 0.03
MIN_CHOSEN = 40
SIDES = {1: 32, 2: 16, 3: 8}
LIMIT = 6_000
SELECTING = 0.625  # summed frequency below which structure shows
STRUCTURE = 0.5  # summed frequency below which what is left of structure may still outweigh noise


@dataclass(frozen=True)
class Spectrum:
    """The noise of the flattest blocks: `power` (*block shape), `spread` of the flattest blocks' power, `pixels` used.

    `spread` is the ratio of the 10 % to the 1 % quantile of the blocks' low-frequency power: 1.5 to 2.5 where the
    flattest blocks hold the same noise, far more where they hold more or less faint structure.
    """

    power: Array
    spread: float
    pixels: int

    @property
    def sigma(self) -> float:
        """The root of the mean power: the total level, whatever the correlation."""
        return float(np.sqrt(self.power.mean()))

    def correlation(self, lag: int = 1) -> list[float]:
        """The normalised autocorrelation at `lag` pixels along each axis; 0 along an axis shorter than 8 pixels."""
        return [_along(_marginal(self.power, axis), lag) for axis in range(self.power.ndim)]

    def fine_correlation(self) -> float:
        """The strongest lag-1 correlation that the high frequencies alone attest.

        The low frequencies, where faint structure hides, are replaced by the next higher ones along the same ray.
        """
        return max(Spectrum(_extend(self.power, STRUCTURE), self.spread, self.pixels).correlation())


def noise_spectrum(x: NDArray[np.floating], bounds: Bounds) -> Spectrum:
    """The noise spectrum of `x` (C, *spatial), the mean over its unsaturated channels."""
    side = SIDES[x.ndim - 1]
    channels = [cut_blocks(channel, side, LIMIT, bounds) for channel in x]
    channels = [blocks for blocks in channels if blocks.usable] or channels
    power = np.mean([_channel_power(blocks) for blocks in channels], axis=0)
    spread = float(np.mean([_spread(blocks) for blocks in channels]))
    chosen = min(_count(blocks) * blocks.power.shape[1] for blocks in channels)
    return Spectrum(power, spread, min(chosen, x[0].size))


def _channel_power(blocks: Blocks) -> Array:
    frequency = blocks.frequency
    index = np.rint(frequency * np.array(blocks.shape)).astype(int)
    parity = index.sum(axis=1) % 2
    low = _selecting(blocks)
    power = np.zeros(len(parity))
    for half in (0, 1):  # each half of the coefficients is measured on blocks chosen by the other half
        chosen = blocks.flattest(_count(blocks), low & (parity != half))
        power[parity == half] = blocks.power[chosen][:, parity == half].mean(axis=0)
    return _extend(power.reshape(blocks.shape), 0.0)


def _selecting(blocks: Blocks) -> NDArray[np.bool_]:
    index = blocks.frequency * np.array(blocks.shape)
    band = (index.sum(axis=1) > 1.5) & (blocks.frequency.sum(axis=1) <= SELECTING)
    return np.asarray(band)


def _count(blocks: Blocks) -> int:
    return int(max(FLATTEST * len(blocks), min(MIN_CHOSEN, len(blocks) / 4), 1))


def _spread(blocks: Blocks) -> float:
    low = _selecting(blocks) & (blocks.frequency.sum(axis=1) <= 0.4)
    if not low.any():  # fewer than about 5 pixels a side: nothing to compare
        return 1.0
    quiet, common = np.quantile(blocks.power[:, low].mean(axis=1), [0.01, 0.1])
    return float(common / max(quiet, 1e-12))


def _extend(power: Array, below: float) -> Array:
    """`power` with the mean, the plane and the summed frequencies under `below` taken from further out on the ray."""
    sides = np.array(power.shape)
    out = power.copy()
    for index in np.ndindex(*power.shape):
        total = float((np.array(index) / sides).sum())
        if total > 0 and (total < below or sum(index) <= 1):
            target = max(below, total * 2)
            out[index] = power[tuple(np.minimum(np.rint(np.array(index) * target / total), sides - 1).astype(int))]
    neighbours = [out[tuple(np.eye(power.ndim, dtype=int)[axis])] for axis in range(power.ndim) if sides[axis] > 1]
    out[(0,) * power.ndim] = np.mean(neighbours)
    return out


def _marginal(power: Array, axis: int) -> Array:
    return np.asarray(power.mean(axis=tuple(i for i in range(power.ndim) if i != axis)))


def _along(marginal: Array, lag: int) -> float:
    # The trapezoid over 0 ... Nyquist, so that a flat spectrum has correlation exactly zero at every lag.
    side = len(marginal)
    if side < 8 or marginal.sum() <= 0:
        return 0.0
    spectrum = np.append(marginal, marginal[-1])
    spectrum[[0, -1]] /= 2
    return float((spectrum * np.cos(np.pi * lag * np.arange(side + 1) / side)).sum() / spectrum.sum())
