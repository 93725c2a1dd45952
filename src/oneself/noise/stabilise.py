"""Making noise whose variance grows with the signal alike everywhere, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

__all__ = ["Anscombe"]

LEAST = 2 * math.sqrt(0.375)  # the transform of nothing; below it the closed form of the inverse has no meaning


@dataclass(frozen=True)
class Anscombe:
    """The generalised Anscombe transform of noise of variance ``gain * mean + offset``, scaled to [0, 1].

    ``f(y) = (2 / g) sqrt(max(g y + 3/8 g^2 + o, 0))`` has noise of variance nearly 1 wherever the mean is a few photons
    (``g`` each) or Gaussian noise prevails; ``(f - low) / span`` is what is denoised, ``sigma = 1 / span`` its noise.

    Attributes
    ----------
    gain, offset : float
        Above 0, and of any sign: a negative offset is a black level.
    low, span : float
        What the scaled transform is 0 at, and what it is divided by.

    Notes
    -----
    Murtagh, Starck, Bijaoui. Image restoration with noise suppression using a multiresolution support. A&AS 1995.
    Makitalo, Foi. Optimal inversion of the generalized Anscombe transformation for Poisson-Gaussian noise. IEEE TIP
    2013.
    """

    gain: float
    offset: float
    low: float = 0.0
    span: float = 1.0

    @classmethod
    def of(cls, y: Tensor, gain: float, offset: float) -> Anscombe:
        """The transform that takes ``y`` to [0, 1].

        Raises
        ------
        ValueError
            The variance does not grow with the signal.
        """
        if not (gain > 0 and math.isfinite(gain) and math.isfinite(offset)):
            raise ValueError(f"Anscombe(gain={gain:g}, offset={offset:g}): the gain must be above 0.")
        root = cls(gain, offset)(y)
        low, high = float(root.min()), float(root.max())
        return cls(gain, offset, low, max(high - low, 1e-6))

    @property
    def sigma(self) -> float:
        """The level of the stabilised noise."""
        return 1 / self.span

    def __call__(self, y: Tensor) -> Tensor:
        inside = (self.gain * y + 0.375 * self.gain**2 + self.offset).clamp(min=0)
        return (2 / self.gain * inside.sqrt() - self.low) / self.span

    def inverse(self, x: Tensor) -> Tensor:
        """The mean of the measurements whose transforms have the mean ``x``: the closed-form exact unbiased inverse,
        ``g (d²/4 + sqrt(3/2)/(4d) - 11/(8d²) + 5 sqrt(3/2)/(8d³) - 1/8 - o/g²)``, and no less than at its lowest."""
        d = (self.span * x.double() + self.low).clamp(min=LEAST)
        root = math.sqrt(1.5)
        counts = d**2 / 4 + root / (4 * d) - 11 / (8 * d**2) + 5 * root / (8 * d**3) - 1 / 8
        return (self.gain * (counts - self.offset / self.gain**2)).to(x.dtype)
