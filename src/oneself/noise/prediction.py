"""Whether what was taken off can be predicted from around, as no noise can."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate

__all__ = ["Prediction", "prediction"]

Array = NDArray[np.floating]
AROUND = {1: 12, 2: 4, 3: 2}  # elements along each axis, by the number of axes
MOST, SHARE = 80, 6  # neighbours at most, and elements for each of them
SIDES = {1: 20_000, 2: 256, 3: 48}  # of the middle, which tells enough
LOOKED_AT = 20_000  # elements of it that the weights are fitted to
RIDGE = 1e-6  # of the neighbours' mean power
SURE = 0.99  # of an element's own part in its prediction


@dataclass(frozen=True)
class Prediction:
    """A filter ``kernel`` (*sides), the same for all channels, and what is added; ``share``: how much it predicts."""

    share: float
    kernel: Array
    added: float

    def of(self, y: Array) -> Array:
        """What is predicted of what was taken off ``y`` (C, *spatial); 0 where the filter reaches beyond the border."""
        made = np.stack([correlate(channel.astype(np.float64), self.kernel) for channel in y]) + self.added
        inner = tuple(slice(n // 2, -(n // 2) or None) for n in self.kernel.shape)
        known = np.zeros_like(y)
        known[(slice(None), *inner)] = made[(slice(None), *inner)]
        return known


def prediction(y: Array, removed: Array, apart: Sequence[int]) -> Prediction:
    """How what was ``removed`` from ``y``, both (C, *spatial), can be predicted from what ``y`` is around it.

    Every element is predicted by one linear filter of the elements of ``y`` around it, itself and those that share its
    noise (up to ``apart`` along each axis; 1: none do) left out. Noise cannot be predicted so; what was taken off a
    grating, a sine or a smooth slope can. ``share`` is ``1 - Σ (r_i - r̂_i)² / Σ r_i²`` with each element left out of
    the fit that predicts it: about 0 or below where nothing can be predicted, 1 where everything can.

    Allen. The relationship between variable selection and data augmentation and a method for prediction. Technometrics
    1974. (the PRESS statistic)
    """
    most = SIDES[y.ndim - 1]
    middle = (slice(None), *(slice(max(0, (n - most) // 2), (n + most) // 2) for n in y.shape[1:]))
    y, removed = y[middle].astype(np.float64), removed[middle].astype(np.float64)
    offsets, reach = _offsets(y.shape, apart)
    if not offsets:
        return Prediction(0.0, np.zeros([1] * (y.ndim - 1)), 0.0)
    inner = tuple(slice(r, n - r) for r, n in zip(reach, y.shape[1:], strict=True))
    wanted = np.concatenate([channel[inner].ravel() for channel in removed])
    step = max(1, len(wanted) // LOOKED_AT)
    around = np.concatenate([_neighbours(channel, offsets, inner) for channel in y])[::step]
    wanted, means = wanted[::step], around.mean(axis=0)
    level, around = wanted.mean(), around - means
    wanted = wanted - level
    gram = around.T @ around
    gram += (RIDGE * np.trace(gram) / len(gram) + np.finfo(np.float64).tiny) * np.eye(len(gram))
    solved = np.linalg.solve(gram, around.T)
    weights, own = solved @ wanted, np.einsum("ij,ji->i", around, solved) + 1 / len(wanted)
    left_out = (wanted - around @ weights) / (1 - np.minimum(own, SURE))
    power = float((wanted**2).sum())
    share = 1 - float((left_out**2).sum()) / power if power > 0 else 0.0
    kernel = np.zeros([2 * r + 1 for r in reach])
    for offset, weight in zip(offsets, weights, strict=True):
        kernel[tuple(r + o for r, o in zip(reach, offset, strict=True))] = weight
    return Prediction(share, kernel, float(level - means @ weights))


def _offsets(shape: tuple[int, ...], apart: Sequence[int]) -> tuple[list[tuple[int, ...]], list[int]]:
    """The nearest neighbours that share no noise, and how far they lie at most."""
    sides = shape[1:]
    shared = [0 if a <= 1 else a for a in apart]
    reach = [min(AROUND[len(sides)] + s, (n - 1) // 3) for s, n in zip(shared, sides, strict=True)]
    found = [
        offset
        for offset in itertools.product(*(range(-r, r + 1) for r in reach))
        if any(abs(o) > s for o, s in zip(offset, shared, strict=True))
    ]
    found.sort(key=lambda offset: sum(o * o for o in offset))
    return found[: min(MOST, int(np.prod(shape)) // SHARE)], reach


def _neighbours(x: Array, offsets: list[tuple[int, ...]], inner: tuple[slice, ...]) -> Array:
    """(elements, neighbours) of the inner elements of one channel."""
    return np.stack(
        [
            x[tuple(slice(s.start + o, s.stop + o) for s, o in zip(inner, offset, strict=True))].ravel()
            for offset in offsets
        ],
        axis=1,
    )
