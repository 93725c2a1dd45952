"""Noise to train on: of every level, alike or not in all channels and places, cut at the range or not."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

__all__ = ["HIGHEST", "levels", "noisy"]

Array = NDArray[np.float32]
HIGHEST = 75 / 255
CUT = 0.3  # of the pictures have their values cut to [0, 1]


def levels(rng: Generator, clean: Array) -> Array:
    """The standard deviation of the noise, as large as ``clean``, ``(B, C, H, W)`` in [0, 1].

    Of seven pictures in ten it is one number between 0 and ``HIGHEST``; of the others it differs between channels, or
    follows ``σ² = a² + b x``, as of sensors that count light.
    """
    made = np.empty_like(clean)
    for level, picture in zip(made, clean, strict=True):
        top, kind = rng.uniform(0, HIGHEST), rng.uniform()
        if kind < 0.7:
            level[:] = top
        elif kind < 0.85:
            level[:] = top * rng.uniform(0.3, 1, (len(picture), 1, 1))
        else:
            part = rng.uniform(0, 1)
            level[:] = top * np.sqrt(part**2 + (1 - part**2) * picture)
    return made


def noisy(rng: Generator, clean: Array, level: Array) -> Array:
    """``clean`` with Gaussian noise of ``level``; some pictures cut to [0, 1]."""
    made = clean + level * rng.standard_normal(clean.shape, dtype=np.float32)
    cut = rng.uniform(size=len(clean)) < CUT
    made[cut] = made[cut].clip(0, 1)
    return made
