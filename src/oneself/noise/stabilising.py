"""Noise whose level is any function of brightness, made alike everywhere, and what undoes that without bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray
from scipy.optimize import nnls

from oneself.noise.blocks import Array, active_bounds, checked
from oneself.noise.signal import fit_line, variance_curve

__all__ = ["Stabiliser", "bent_variance"]

ROUNDS = 20
ABOVE, BELOW = 0.15, 0.4  # relative residuals from which a point loses its weight: structure above, chance below
OFF = 0.2  # root mean square of the logarithm of variance over the line's, from which no line explains it
BETTER = 0.6  # of that is left beside a parabola that does
FURTHEST = 3.0  # that one point counts with
LEAST = 1e-6  # of the variance, in units of the range
POINTS = 2000  # of the tables
NODES = 33  # of the quadrature over the noise
BEYOND = 0.3  # of the range above it that is looked at where values are cut there
CUT = 1e-3  # of the values at an end of the range, from which it cuts them


def bent_variance(x: NDArray[np.floating]) -> tuple[float, float, float] | None:
    """``(a, b, c)`` of the variance ``a + b m + c m²`` of white noise at brightness ``m`` of ``x``, (C, *spatial) in
    [0, 1]; none where a line explains it as well, as of noise that is the same everywhere, or of counted light.

    The parabola, none of whose coefficients is negative, is laid through the variance of the flattest blocks of each
    brightness, from below, as what lies above it is structure. Raises as ``describe_noise``.
    """
    x = checked(x, "bent_variance")
    curve = variance_curve(x, active_bounds(x), fine=True)
    mean, variance, trust = curve.T
    line = fit_line(curve)
    straight = np.maximum(line.gain * mean + line.offset, variance.min() / 4)
    powers = np.stack([np.ones_like(mean), mean, mean**2], axis=1)
    weight, found = trust / variance**2, np.zeros(3)
    for _ in range(ROUNDS):
        root = np.sqrt(weight)
        found, _ = nnls(powers * root[:, None], variance * root)
        fitted = np.maximum(powers @ found, variance.min() / 4)
        residual = variance / fitted - 1
        weight = trust / fitted**2 / (1 + (residual / np.where(residual > 0, ABOVE, BELOW)) ** 2)
    off, left = (
        _error(variance / model, trust) for model in (straight, np.maximum(powers @ found, variance.min() / 4))
    )
    return (float(found[0]), float(found[1]), float(found[2])) if off > OFF and left < BETTER * off else None


def _error(ratio: Array, trust: Array) -> float:
    logarithm = np.clip(np.log(ratio), -FURTHEST, FURTHEST)
    return float(np.sqrt((trust * logarithm**2).sum() / max(float(trust.sum()), 1e-30)))


@dataclass(frozen=True)
class Stabiliser:
    """Tables of ``f(m) = ∫ dm / √v(m)``, under which noise of variance ``v`` has level 1, and of the mean of ``f`` of a
    noisy value, cut at the ends of the range where the picture's values are, at each brightness: its inverse is that
    which leaves no bias.

    Anscombe. The transformation of Poisson, binomial and negative-binomial data. Biometrika 1948.
    Mäkitalo, Foi. Optimal inversion of the generalized Anscombe transformation for Poisson-Gaussian noise. IEEE TIP
    2013. (the inverse without bias, there for ``v`` a line)
    """

    brightness: Array
    made: Array
    expected: Array

    @classmethod
    def of(cls, x: NDArray[np.floating], variance: tuple[float, float, float]) -> Stabiliser:
        """For the picture ``x`` and the coefficients of its noise's variance."""
        x = np.asarray(x, np.float64)
        bottom, top = float((x <= 0).mean()) > CUT, float((x >= 1).mean()) > CUT
        low, high = min(0.0, float(x.min())), max(1.0, float(x.max())) + (BEYOND if top else 0.0)
        brightness = np.linspace(low, high, POINTS)
        level = np.sqrt(np.maximum(np.polynomial.polynomial.polyval(np.maximum(brightness, 0), variance), LEAST))
        steps = np.diff(brightness) / 2 * (1 / level[1:] + 1 / level[:-1])
        made = np.concatenate([[0.0], np.cumsum(steps)])
        nodes, weights = hermegauss(NODES)
        noisy = brightness[:, None] + level[:, None] * nodes
        noisy = np.clip(noisy, 0.0 if bottom else None, 1.0 if top else None) if bottom or top else noisy
        expected = np.interp(noisy, brightness, made) @ (weights / weights.sum())
        return cls(brightness, made, np.maximum.accumulate(expected) + 1e-9 * np.arange(POINTS))

    @property
    def width(self) -> float:
        """The largest value that is made; the least is 0."""
        return float(self.made[-1])

    def __call__(self, x: NDArray[np.floating]) -> Array:
        """Values whose noise has level 1."""
        return np.asarray(np.interp(x, self.brightness, self.made))

    def back(self, t: NDArray[np.floating]) -> Array:
        """The brightness of which noisy values have the mean ``t``."""
        return np.asarray(np.interp(t, self.expected, self.brightness))
