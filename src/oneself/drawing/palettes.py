"""Colours out of formulas, in any number of channels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

__all__ = ["palette"]

Array = NDArray[np.float32]
Palette = Callable[[Array], Array]
MOST = 0.35  # turns by which the channels of a colourful palette are apart


def palette(rng: Generator, channels: int) -> Palette:
    """A curve of colours: ``c(t) = a + b cos(2π (f t + φ))`` by channel, ``t`` of any shape, channels last.

    The phases φ lie close together in gray palettes and apart in colourful ones, so channels go together as much as
    they do in photographs. Values may leave [0, 1]; who draws cuts them.
    """
    spread = MOST * rng.uniform() ** 2
    phase = (rng.uniform() + spread * rng.uniform(-1, 1, channels)).astype(np.float32)
    middle = (rng.uniform(0.25, 0.7) + spread * rng.uniform(-0.4, 0.4, channels)).astype(np.float32)
    reach = (rng.uniform(0.15, 0.55) * (1 + spread * rng.uniform(-1, 1, channels))).astype(np.float32)
    turns = np.float32(rng.uniform(0.3, 1.2))

    def colours(t: Array) -> Array:
        angle = 2 * np.pi * (turns * t[..., None] + phase)
        found: Array = middle + reach * np.cos(angle)
        return found

    return colours
