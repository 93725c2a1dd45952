"""A store of drawn pictures, from which patches are cut."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from oneself.drawing.scenes import draw

__all__ = ["Pool"]

Array = NDArray[np.float32]


class Pool:
    """The last ``most`` of the pictures that were drawn so far; ``draw_until(n)`` draws further ones.

    Picture ``k`` is ``draw(seed + k)``, so a pool that is told to draw until ``n`` holds the same whenever it is told.

    Parameters
    ----------
    channels, size, most : int
    seed : int
    """

    def __init__(self, channels: int, *, size: int = 256, most: int = 400, seed: int = 0) -> None:
        self.channels, self.size, self.most, self.seed = channels, size, most, seed
        self.drawn = 0
        self.pictures: list[NDArray[np.float16]] = []

    def draw_until(self, count: int) -> None:
        """Draw pictures until there were ``count``; those that would leave again are left out."""
        self.drawn = max(self.drawn, count - self.most)
        while self.drawn < count:
            picture = draw(self.seed + self.drawn, self.channels, self.size).astype(np.float16)
            self.pictures.append(picture)
            self.drawn += 1
        del self.pictures[: -self.most]

    def patches(self, rng: Generator, count: int, side: int) -> Array:
        """Patches, ``(count, channels, side, side)`` in [0, 1]: turned, flipped, now and then shrunk to half, and in
        other colours."""
        return np.stack([self._patch(rng, side) for _ in range(count)])

    def _patch(self, rng: Generator, side: int) -> Array:
        picture = self.pictures[rng.integers(len(self.pictures))]
        whole = 2 * side if rng.uniform() < 0.2 and 2 * side <= self.size else side
        top, left = rng.integers(self.size - whole + 1, size=2)
        patch = picture[top : top + whole, left : left + whole].astype(np.float32)
        if whole > side:
            patch = patch.reshape(side, 2, side, 2, self.channels).mean(axis=(1, 3))
        patch = np.rot90(patch, int(rng.integers(4)))
        patch = patch[:, ::-1] if rng.uniform() < 0.5 else patch
        return np.ascontiguousarray(_recoloured(rng, patch).transpose(2, 0, 1))


def _recoloured(rng: Generator, patch: Array) -> Array:
    """Other colours by formula: channels in another order, less colourful, turned to the negative, darker, flatter."""
    channels = patch.shape[-1]
    made = patch[..., rng.permutation(channels)]
    if channels > 1:
        gray = made.mean(axis=-1, keepdims=True)
        made = gray + rng.uniform(0.0, 1.3) * (made - gray)
    if rng.uniform() < 0.3:
        made = 1 - made
    middle = rng.uniform(0.2, 0.8)
    made = middle + rng.uniform(0.4, 1.15) * (made - 0.5)
    return np.clip(made, 0, 1)
