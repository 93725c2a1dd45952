"""Whether what was taken off a picture is noise: noise does not know where the picture's lines run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, rfft2
from scipy.ndimage import gaussian_filter, sobel

__all__ = ["FOLLOWS", "REPEATS", "long_correlation", "shared_direction"]

Array = NDArray[np.floating]
AROUND = 3.0  # pixels over which directions are averaged
FLAT = 1e-12  # of squared gradients, times one another: what has no direction
FOLLOWS = 0.04  # from which what was taken off follows the picture; levels that were right stayed under that
NEAR, FAR = 9, 48  # pixels apart: beyond what cameras make neighbours share, up to the periods of cloth and brick
REPEATS = 0.3  # correlation from which what was taken off repeats itself, as no noise does


def shared_direction(removed: Array, kept: Array) -> float:
    """How far what was ``removed`` from a picture runs along what was ``kept``, both (C, H, W): from -1, across it, to
    1, along it.

    The mean over all places of ``c_r c_k cos 2(θ_r - θ_k)``, with the coherence c and the direction θ of the structure
    tensor of each. Noise gives about 0, or less, as denoisers keep what of it runs along the picture's lines; fur that
    was taken for noise gives more.

    Bigün, Granlund. Optimal orientation detection of linear symmetry. ICCV 1987. (the structure tensor)
    """
    (a, b, e), (c, d, f) = (_directions(x.mean(axis=0)) for x in (removed, kept))
    return float(((a * c + b * d) / (e * f + FLAT)).mean())


def _directions(x: Array) -> tuple[Array, Array, Array]:
    """``λ cos 2θ``, ``λ sin 2θ`` and the trace of the structure tensor, λ the difference of its eigenvalues."""
    down, right = sobel(x.astype(np.float64), 0), sobel(x.astype(np.float64), 1)
    parts = (right**2 - down**2, 2 * right * down, right**2 + down**2)
    along, across, whole = (gaussian_filter(part, AROUND) for part in parts)
    return along, across, whole


def long_correlation(removed: Array) -> float:
    """The strongest correlation of what was ``removed`` from a picture, (C, H, W), with itself 9 to 48 pixels apart.

    Noise has next to none, whatever neighbours share; a weave or a wall of bricks that was taken for noise has.
    """
    x = removed.mean(axis=0)
    x = x - x.mean()
    size = [2 * n for n in x.shape]
    sums, counts = (_autocorrelation(part, size) for part in (x, np.ones(x.shape)))
    lags = [np.arange(min(FAR, (n - 1) // 2) + 1) for n in x.shape]
    down, right = lags[0], np.concatenate([-lags[1][:0:-1], lags[1]])
    apart = np.maximum.outer(down, np.abs(right)) >= NEAR
    if not apart.any() or sums[0, 0] <= 0:
        return 0.0
    each = sums[np.ix_(down, right)] / counts[np.ix_(down, right)]
    return float(np.abs(each[apart]).max() / (sums[0, 0] / counts[0, 0]))


def _autocorrelation(x: Array, size: list[int]) -> Array:
    """The sum of the products of all elements that lie apart by each lag."""
    return np.asarray(irfft2(np.abs(rfft2(x, size)) ** 2, size))
