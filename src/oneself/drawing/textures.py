"""Textures: random fields with a power-law spectrum, waves, and noise pulled into steps or lines."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

__all__ = ["power_law", "texture", "waves"]

Array = NDArray[np.float32]


def power_law(rng: Generator, size: int, slope: float, stretch: float, angle: float) -> Array:
    """A random field, ``(size, size)``, periodic, of mean 0 and deviation 1, with the spectrum ``1 / |f|^slope``.

    ``stretch`` times as long across ``angle`` (radians) as along it.
    """
    fy, fx = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :]
    along, across = fx * np.cos(angle) + fy * np.sin(angle), fy * np.cos(angle) - fx * np.sin(angle)
    radius = np.sqrt(along**2 + (stretch * across) ** 2)
    radius[0, 0] = np.inf
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) * radius**-slope, s=(size, size))
    field -= field.mean()
    scaled: Array = (field / (field.std() + 1e-12)).astype(np.float32)
    return scaled


def waves(rng: Generator, size: int) -> Array:
    """Stripes, checks or rings of a random period, bent a little, of mean about 0 and deviation about 1."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), np.exp(rng.uniform(np.log(3), np.log(40)))
    bend = rng.uniform(0, 1.5) * power_law(rng, size, 2.2, 1.0, 0.0)
    u = (x * np.cos(angle) + y * np.sin(angle)) / period * 2 * np.pi + bend
    v = (y * np.cos(angle) - x * np.sin(angle)) / period * 2 * np.pi + bend
    kind = rng.integers(3)
    if kind == 0:
        made = np.sin(u)
    elif kind == 1:
        made = np.sin(u) * np.sin(v * rng.uniform(0.5, 2))
    else:
        cy, cx = rng.uniform(-0.5, 1.5, 2) * size
        made = np.sin(np.hypot(y - cy, x - cx) / period * 2 * np.pi + bend)
    sharp = np.exp(rng.uniform(0, 2.5))
    bent: Array = (1.3 * np.tanh(sharp * made) / np.tanh(sharp)).astype(np.float32)
    return bent


def texture(rng: Generator, size: int) -> Array:
    """One of many kinds at random, ``(size, size)``, mean about 0, deviation about 1."""
    kind = rng.uniform()
    if kind < 0.2:
        return waves(rng, size)
    field = power_law(rng, size, rng.uniform(0.3, 2.2), np.exp(rng.uniform(0, 2.5)), rng.uniform(0, np.pi))
    if kind < 0.35:  # steps between levels, with edges
        sharp = rng.uniform(2, 12)
        stepped: Array = np.tanh(sharp * field).astype(np.float32)
        return stepped
    if kind < 0.5:  # ridges: hair, veins, cracks
        return (1.5 - 2 * np.sqrt(np.abs(field))).astype(np.float32)
    return field
