"""Whether channels share noise, as those of camera pictures do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oneself.noise.blocks import UNBOUNDED, checked
from oneself.noise.level import sigma_blocks

__all__ = ["SHARED", "channel_correlation"]

SHARED = 0.3  # correlation from which a channel tells much of another's noise


def channel_correlation(x: NDArray[np.floating]) -> float:
    """The mean correlation between the noise of neighbouring channels of ``x`` (C, *spatial); 0 for one channel.

    ``(v(a + b) - v(a - b)) / (v(a + b) + v(a - b))`` of channels scaled to noise of one level, where ``v`` is the
    variance of white noise in the flattest blocks.

    Raises TypeError for other than real floating values, ValueError for a shape, size or pixels that cannot do.
    """
    x = checked(x, "channel_correlation")
    levels = [np.sqrt(_variance(channel)) for channel in x]
    found = []
    for a, b, s, t in zip(x[:-1], x[1:], levels[:-1], levels[1:], strict=True):
        if min(s, t) <= 0:
            continue
        both, apart = _variance(a / s + b / t), _variance(a / s - b / t)
        found.append((both - apart) / (both + apart))
    return float(np.mean(found)) if found else 0.0


def _variance(channel: NDArray[np.floating]) -> float:
    return sigma_blocks(channel, UNBOUNDED)[0]
