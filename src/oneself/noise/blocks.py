"""The DCT power of small blocks of a picture, the material of every noise estimate here.

Noise that is stationary has (nearly) independent DCT coefficients, so blocks may be *chosen* by some coefficients and
*measured* on others without the bias that choosing the quietest blocks otherwise has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.fft import dctn

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MAX_CLIPPED = 0.05  # a block with more saturated pixels than this says nothing of the noise
MIN_BLOCKS = 25
Bounds = tuple[float, float]
UNBOUNDED: Bounds = (-math.inf, math.inf)  # of what saturates nowhere
PILED = 5e-4  # of all values must lie at a bound for the picture to be cut off there


@dataclass(frozen=True)
class Blocks:
    """DCT powers of overlapping blocks of one channel.

    `power` (n, K): squared orthonormal DCT-II coefficients, K the pixels of a block, so that white noise of variance v
    has power v at every coefficient. `mean` (n,): block means. `shape`: the sides of a block. `usable`: False when
    nearly every block is saturated and the least saturated ones had to be taken.
    """

    power: Array
    mean: Array
    shape: tuple[int, ...]
    usable: bool

    @property
    def frequency(self) -> Array:
        """(K, axes): the frequency of each coefficient along each axis, 0 to 1 (Nyquist)."""
        grid = np.meshgrid(*(np.arange(n) / n for n in self.shape), indexing="ij")
        return np.stack([g.ravel() for g in grid], axis=1)

    def __len__(self) -> int:
        return len(self.power)

    def take(self, index: NDArray[np.intp]) -> Blocks:
        """The blocks at `index`."""
        return Blocks(self.power[index], self.mean[index], self.shape, self.usable)

    def flattest(self, count: int, band: Mask) -> NDArray[np.intp]:
        """The indices of the `count` blocks with the least power in `band` (K,)."""
        count = max(1, min(count, len(self)))
        energy = self.power[:, band].sum(axis=1)
        return np.argpartition(energy, count - 1)[:count]


def cut_blocks(channel: NDArray[np.floating], side: int, limit: int, bounds: Bounds) -> Blocks:
    """Blocks of `side` pixels along each axis of `channel` (*spatial), at most about `limit`, saturated ones left out.

    `bounds`: the values at which the picture saturates.
    """
    shape = tuple(min(side, n) for n in channel.shape)
    windows = sliding_window_view(channel, shape)
    windows = windows[tuple(slice(None, None, s) for s in strides(windows.shape[: channel.ndim], limit))]
    pixels = windows.reshape(-1, *shape).astype(np.float64)
    clipped = clipped_pixels(pixels, bounds).reshape(len(pixels), -1).mean(axis=1)
    good = np.flatnonzero(clipped <= MAX_CLIPPED)
    usable = len(good) >= min(MIN_BLOCKS, len(pixels))
    if not usable:
        good = np.argsort(clipped, kind="stable")[:MIN_BLOCKS]
    pixels = pixels[good]
    axes = tuple(range(1, pixels.ndim))
    power = dctn(pixels, axes=axes, norm="ortho").reshape(len(pixels), -1) ** 2
    return Blocks(power, pixels.mean(axis=axes), shape, usable)


def clipped_pixels(x: NDArray[np.floating], bounds: Bounds) -> Mask:
    """Where `x` sits at a bound at which the picture saturates."""
    low, high = bounds
    return np.asarray((x <= low) | (x >= high))


def active_bounds(x: NDArray[np.floating]) -> Bounds:
    """The values at which `x` is cut off; infinite where it is not.

    It is cut off at its least and largest value where more lie exactly there than by chance.
    """
    low, high, least = x.min(), x.max(), max(2.0, PILED * x.size)
    below, above = int((x == low).sum()) > least, int((x == high).sum()) > least
    return float(low) if below else -math.inf, float(high) if above else math.inf


def checked(x: NDArray[np.floating], name: str) -> NDArray[np.floating]:
    """`x` as a real floating array (C, *spatial) of finite values, or an error naming the function `name`."""
    array = np.asarray(x)
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(f"{name}(x={array.dtype}): a real floating image is needed. Convert it to [0, 1] first.")
    if not 2 <= array.ndim <= 4:
        raise ValueError(f"{name}(x={array.shape}): not (channels, *spatial) with 1 to 3 spatial axes. Reshape it.")
    if min(array.shape) < 1 or max(array.shape[1:]) < 4:
        raise ValueError(f"{name}(x={array.shape}): too small to know its noise. Give sigma, or at least 4 pixels.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name}(x=...): NaN or infinite pixels. Replace them, or inpaint them.")
    return array


def strides(counts: tuple[int, ...], limit: int) -> list[int]:
    """Steps along each axis that leave about `limit` places of `counts`."""
    # Odd strides visit every phase of the 8-pixel grid of JPEG and the 2-pixel grid of a colour filter array.
    strides = [1] * len(counts)
    while np.prod([-(-n // s) for n, s in zip(counts, strides, strict=True)]) > limit:
        axis = int(np.argmax([n / s for n, s in zip(counts, strides, strict=True)]))
        strides[axis] += 2
    return strides
