"""The covariance of one picture's noise: between neighbours, between channels, and how it changes with brightness."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.fft import dctn, idctn

from oneself.noise.blocks import Array, active_bounds, checked, clipped_pixels, strides

__all__ = ["PatchNoise", "estimate_patch_noise"]

BINS = 8  # of brightness at most, with equally many blocks
ENOUGH = 60  # blocks that do not overlap: to find flat ones among them for a class of brightness
FLATTEST = 0.05  # of a bin's blocks
MIN_CHOSEN = 30
ALIKE = 2.0  # times their power: blocks that may well be of the same noise, and count, too
LIMIT = 16_000  # blocks looked at
CLIPPED = 0.02  # a block with more saturated values than this is left out
FAINTEST = 0.25 / 255  # the rounding of 8 bits: no measurement is less noisy
ROUNDS = 3
MIDDLE = (3 / 7, 4 / 7)  # frequencies, the sum over both axes, where structure is rare and compression takes little
ANCHOR = 0.5
# How a camera's noise may lie to its power at ANCHOR, as powers of the frequency: below it what is more is structure,
# of brightness oftener than of colour; above it what is less was taken by compression from flat places alone.
BRIGHT, COLOUR, FINE = 0.8, 1.5, 2.5
FINEST = 1.25  # frequency from which the channels of a picture share little but a camera's noise
EXCESS = 0.15  # of a bin above the curve, from which it is trusted less


@dataclass(frozen=True)
class PatchNoise:
    """The noise of the patches of one picture, as a function of brightness.

    `axes` (C, C): directions of colour, one a row, along which the noise of the channels is independent, signal first.
    `power` (C, side, side): along each, the power at every frequency of an orthonormal DCT-II of a patch, in units of
    the curve. `curve` (3,): the curve ``c₀ + c₁ b + c₂ b²`` of the brightness b; it holds from `low` to `high`, and is
    never under `least`. `plain`: the share of the blocks that hold no more than the noise.
    """

    axes: Array
    power: Array
    curve: Array
    low: float
    high: float
    least: float
    plain: float

    def at(self, brightness: NDArray[np.floating]) -> Array:
        """The curve at each brightness (the mean over the channels)."""
        b = np.clip(np.asarray(brightness, np.float64), self.low, self.high)
        return np.asarray(np.maximum(_values(self.curve, b), self.least))

    def level(self, x: NDArray[np.floating]) -> float:
        """The root mean square of the noise over all channels and pixels of a picture ``x`` (C, *spatial)."""
        back = np.linalg.inv(self.axes)
        channels = (back**2) @ self.power.mean(axis=(1, 2))
        return float(np.sqrt(channels.mean() * self.at(x.mean(axis=0)).mean()))

    def correlation(self) -> tuple[float, float]:
        """The correlation of neighbours down and across, of the direction of colour with most signal."""
        n = self.power.shape[1]
        turns = np.cos(np.pi * (np.arange(n) + 0.5) / n)  # a frequency's share in the product of neighbours
        power = self.power[0] / self.power[0].sum()
        return float(power.sum(axis=1) @ turns), float(power.sum(axis=0) @ turns)

    def channel_correlation(self) -> float:
        """The mean correlation of neighbouring channels at the fine half of the frequencies; 0 for one channel."""
        back, side = np.linalg.inv(self.axes), self.power.shape[1]
        fine = self.power[:, frequencies(side) >= FINEST].mean(axis=1)
        covariance = (back * fine) @ back.T
        levels = np.sqrt(np.diag(covariance))
        beside = np.diag(covariance / np.outer(levels, levels), 1)
        return float(beside.mean()) if len(beside) else 0.0

    def words(self, x: NDArray[np.floating]) -> str:
        """What is measured of the noise of the picture ``x`` (C, *spatial), in a line."""
        shared = max(0.0, *self.correlation())
        return f"noise of {self.level(x) * 255:.1f}/255, of which neighbours share {shared:.2f}"

    def scaled(self, factor: float) -> PatchNoise:
        """The same noise, its variance ``factor`` times as large."""
        return replace(self, curve=self.curve * factor, least=self.least * factor)

    def white(self) -> PatchNoise:
        """Noise of the same level that neighbours do not share."""
        return replace(
            self, power=np.broadcast_to(self.power.mean(axis=(1, 2), keepdims=True), self.power.shape).copy()
        )

    def whitening(self) -> tuple[Array, Array]:
        """(C, n, n) twice: what patches, as rows of n elements along the axes, are multiplied with from the right to
        have white noise of the curve's variance, and what undoes it."""
        n, side = self.power[0].size, self.power.shape[1]
        waves = idctn(np.eye(n).reshape(n, side, side), axes=(1, 2), norm="ortho").reshape(n, n)
        root = np.sqrt(self.power.reshape(-1, 1, n))
        return (waves.T / root) @ waves, (waves.T * root) @ waves


def estimate_patch_noise(x: NDArray[np.floating], side: int = 7) -> PatchNoise:
    """The noise of patches of ``side``² pixels of the picture ``x`` (C, H, W), in [0, 1], from ``x`` alone.

    In each of eight classes of brightness the blocks of least power are taken, each half of their frequencies chosen by
    the other half, and weighed by the noise's spectrum as known so far. A curve of brightness is laid through their
    powers, from below, as what lies above it is structure. The spectrum is the mean over the classes near the curve.
    Frequencies that blocks cannot tell of are held to what cameras leave: coarse structure is not taken for noise, nor
    is the noise taken to have no fine part because compression took it from the flattest blocks.

    Colom, Lebrun, Buades, Morel. Nonparametric multiscale blind estimation of intensity-frequency-dependent noise. IEEE
    Transactions on Image Processing 2015. (blocks chosen by some frequencies, measured by classes of brightness)

    Raises TypeError for other than real floating values, ValueError for a shape, size or pixels that cannot do.
    """
    x = checked(x, "estimate_patch_noise")
    if x.ndim != 3 or side < 2 or min(x.shape[1:]) < side:
        raise ValueError(f"estimate_patch_noise(x={x.shape}, side={side}): no picture (C, H, W) that holds a block.")
    blocks = _Blocks(x, side)
    weight, classes = np.ones((len(x), side * side)), np.empty(0)
    for number in range(ROUNDS):
        found = blocks.quietest(weight, coarse=number == 0)
        brightness, classes = blocks.brightness, np.maximum(found.level, 1e-3 * found.level.max())
        curve, least = _curve(brightness, classes), float(classes.min()) / 2
        fitted = np.maximum(_values(curve, brightness), least)
        trust = 1 / (1 + (np.maximum(classes / fitted - 1, 0) / EXCESS) ** 2)
        shape = np.tensordot(trust / fitted / trust.sum(), found.covariance, 1)
        weight = np.diagonal(shape, axis1=1, axis2=2).T
    made = _noise(x, shape, side, curve, brightness, least, found.plain)
    mean = float(made.at(x.mean(axis=0)).mean())
    return replace(made.scaled(1 / mean), axes=made.axes / np.sqrt(mean))


@dataclass(frozen=True)
class _Quiet:
    """Of each class of brightness the (K, C, C) covariance of its quietest blocks, and their level; and their share."""

    covariance: Array
    level: Array
    plain: float


class _Blocks:
    """The DCT of overlapping blocks of all channels, in classes of brightness."""

    def __init__(self, x: NDArray[np.floating], side: int) -> None:
        windows = sliding_window_view(x, (side, side), axis=(1, 2))
        down, right = strides(windows.shape[1:3], LIMIT)
        pixels = windows[:, ::down, ::right].transpose(1, 2, 0, 3, 4).reshape(-1, len(x), side, side)
        clipped = clipped_pixels(pixels, active_bounds(x)).mean(axis=(1, 2, 3))
        good = np.argsort(clipped, kind="stable")
        enough = min(len(good), max(int((clipped <= CLIPPED).sum()), len(good) // 20, BINS * MIN_CHOSEN))
        pixels = pixels[np.sort(good[:enough])].astype(np.float64)
        self.values = dctn(pixels, axes=(2, 3), norm="ortho").reshape(*pixels.shape[:2], -1)
        order = np.argsort(pixels.mean(axis=(1, 2, 3)), kind="stable")
        apart = x[0].size * enough // (len(good) * side * side)
        self.classes = np.array_split(order, min(BINS, max(1, apart // ENOUGH)))
        self.brightness = np.array([np.median(pixels[members].mean(axis=(1, 2, 3))) for members in self.classes])
        self.frequency = frequencies(side).ravel()
        self.parity = np.rint(self.frequency * side).astype(int) % 2

    def quietest(self, weight: Array, coarse: bool) -> _Quiet:
        """The blocks of least power relative to ``weight`` (C, K); chosen by ``coarse`` frequencies alone."""
        middle = (self.frequency >= MIDDLE[0] - 1e-9) & (self.frequency <= MIDDLE[1] + 1e-9)
        middle = middle if middle.any() else self.frequency > 0
        telling = (self.frequency > 0) & (self.frequency <= ANCHOR if coarse else True)
        energy = self.values**2 / weight
        by_half = [energy[:, :, telling & (self.parity == half)].sum(axis=(1, 2)) for half in (0, 1)]
        chosen = [[_quietest(members, half) for half in by_half] for members in self.classes]
        covariance = np.stack([self._covariance(one, other) for one, other in chosen])
        relative = np.diagonal(covariance, axis1=2, axis2=3) / weight.T
        plain = sum(len(one) for both in chosen for one in both) / (2 * len(self.values))
        return _Quiet(covariance, relative[:, middle].mean(axis=(1, 2)), plain)

    def _covariance(self, by_even: NDArray[np.intp], by_odd: NDArray[np.intp]) -> Array:
        """(K, C, C): the even frequencies of the blocks that the odd ones chose, and the other way round."""
        channels = self.values.shape[1]
        covariance = np.empty((len(self.frequency), channels, channels))
        for half, chosen in enumerate((by_odd, by_even)):
            values = self.values[chosen][:, :, self.parity == half]
            covariance[self.parity == half] = np.einsum("ncf,ndf->fcd", values, values) / len(chosen)
        return covariance + FAINTEST**2 * np.eye(channels)


def _quietest(members: NDArray[np.intp], energy: Array) -> NDArray[np.intp]:
    """Of the blocks ``members`` the flattest by their energy, and all that are hardly above them."""
    order = members[np.argsort(energy[members], kind="stable")]
    count = min(len(members), max(MIN_CHOSEN, int(FLATTEST * len(members))))
    alike = int((energy[members] <= ALIKE * energy[order[:count]].mean()).sum())
    return order[: max(count, alike)]


def frequencies(side: int) -> Array:
    """(side, side): the sum of both frequencies of each coefficient, 0 to 2 (both Nyquist)."""
    return np.add.outer(np.arange(side), np.arange(side)) / side


def _curve(brightness: Array, level: Array, rounds: int = 20) -> Array:
    """The parabola through the levels of classes of brightness, by least squares of relative residuals; those above it
    (structure taken for noise) lose their weight sooner than those below."""
    powers = np.stack([np.ones_like(brightness), brightness, brightness**2], axis=1)
    weight, found = 1 / level**2, np.zeros(3)
    for _ in range(rounds):
        weighted = powers * weight[:, None]
        bent = 1e-5 * weight.sum() * np.diag([0.0, 1.0, 1.0])
        found = np.linalg.solve(powers.T @ weighted + bent, weighted.T @ level)
        fitted = np.maximum(powers @ found, level.min() / 2)
        residual = level / fitted - 1
        weight = 1 / fitted**2 / (1 + (residual / np.where(residual > 0, 0.15, 0.4)) ** 2)
    return np.asarray(found)


def _values(curve: Array, brightness: Array) -> Array:
    return np.asarray(np.polynomial.polynomial.polyval(brightness, curve))


def _noise(
    x: NDArray[np.floating],
    shape: Array,
    side: int,
    curve: Array,
    brightness: Array,
    least: float,
    plain: float,
) -> PatchNoise:
    """The noise whose covariance of channels, in units of the curve, is ``shape`` (K, C, C) at each frequency."""
    axes = _axes(x, shape[1:].mean(axis=0))
    power = np.einsum("ac,kcd,ad->ak", axes, shape, axes).reshape(-1, side, side)
    bounded = np.stack([_bounded(p, COLOUR if number else BRIGHT) for number, p in enumerate(power)])
    return PatchNoise(axes, bounded, curve, float(brightness.min()), float(brightness.max()), least, plain)


def _axes(x: NDArray[np.floating], noise: Array) -> Array:
    """Directions along which channels have independent noise of variance 1, and independent signal, strongest first."""
    whole = np.cov(x.reshape(len(x), -1).astype(np.float64)).reshape(noise.shape)
    white = np.linalg.inv(np.linalg.cholesky(noise))
    vectors = np.linalg.eigh(white @ whole @ white.T).eigenvectors
    return np.asarray(vectors[:, ::-1].T @ white)


def _bounded(power: Array, steepness: float) -> Array:
    """The powers (side, side), held to what a camera's noise can have, and the mean's taken from beside it."""
    f = frequencies(len(power))
    middle = (f >= MIDDLE[0] - 1e-9) & (f <= MIDDLE[1] + 1e-9)
    anchor = float(power[middle if middle.any() else f > 0].mean())
    below, above = (anchor * (ANCHOR / np.maximum(f, 1e-9)) ** steep for steep in (steepness, FINE))
    out = np.where(f < MIDDLE[0] - 1e-9, np.minimum(power, below), power)
    out = np.where(f > MIDDLE[1] + 1e-9, np.maximum(out, above), out)
    out[0, 0] = (out[0, 1] + out[1, 0]) / 2
    return np.asarray(out)
