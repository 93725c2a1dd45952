"""The winding number of points with normals, its transpose and its gradient, as sums over all pairs.

With ``d = x_i - x_j``, ``r = max(|d|, width)``::

    (A μ)_j  = 1/4π ∑_i μ_i · d / r³          near 1 inside a surface whose area-weighted normals are μ, 0 outside
    (Aᵀ s)_i = 1/4π ∑_j s_j d / r³
    (G μ)_j  = 1/4π ∑_i (μ_i / r³ - 3 (μ_i · d) d / r⁵ where |d| > width)     minus its gradient at x_j
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

__all__ = ["Winding"]

BLOCK, HELD = 2**18, 2**24  # pairs that are computed at once, and that are kept for the next sum over them
NEAR = 1 - 1e-5  # of 1 / r², under which a pair is farther apart than the width
Part = tuple[slice, Tensor, Tensor, Tensor]


class Winding:
    """Of ``x``, ``(N, 3)``, in a box of side about 2, seen from ``at`` (from themselves where none are given)."""

    def __init__(self, x: Tensor, width: float, at: Tensor | None = None) -> None:
        self.x, self.at, self.width = x, x if at is None else at, width
        self._held: list[Part] | None = None

    def _parts(self) -> Iterable[Part]:
        """A few places at a time: which, the places, and of all pairs ``1 / r³`` and ``1 / r²``; held if they fit."""
        if len(self.x) * len(self.at) > HELD:
            return self._made()
        if self._held is None:
            self._held = list(self._made())
        return self._held

    def _made(self) -> Iterator[Part]:
        step = max(1, BLOCK // len(self.x))
        own = self.x.square().sum(1)
        for begin in range(0, len(self.at), step):
            chosen = slice(begin, begin + step)
            at = self.at[chosen]
            squared = torch.addmm(own[None] + at.square().sum(1, keepdim=True), at, self.x.T, alpha=-2)
            inverse = squared.clamp_(min=self.width**2).rsqrt_()
            square = inverse * inverse
            yield chosen, at, inverse.mul_(square).div_(4 * math.pi), square

    def value(self, mu: Tensor) -> Tensor:
        """``A μ``, ``(M,)``."""
        right = torch.cat([(mu * self.x).sum(1, keepdim=True), mu], 1)
        found = []
        for _, at, weight, _ in self._parts():
            sums = weight @ right
            found.append(sums[:, 0] - (at * sums[:, 1:]).sum(1))
        return torch.cat(found)

    def transposed(self, s: Tensor) -> Tensor:
        """``Aᵀ s``, ``(N, 3)``."""
        total = torch.zeros(len(self.x), 4, dtype=self.x.dtype, device=self.x.device)
        for chosen, at, weight, _ in self._parts():
            total += weight.T @ torch.cat([s[chosen, None], s[chosen, None] * at], 1)
        return self.x * total[:, :1] - total[:, 1:]

    def against_gradient(self, mu: Tensor) -> Tensor:
        """``G μ``, ``(M, 3)``: outwards at a surface."""
        x = self.x
        dot = (mu * x).sum(1, keepdim=True)
        outer = (x[:, :, None] * mu[:, None]).reshape(len(x), 9)
        right = torch.cat([dot * x, outer, dot, mu], 1)
        found = []
        for _, at, weight, square in self._parts():
            far = 3 * weight * square * (square < NEAR / self.width**2)
            sums = far @ right
            along = sums[:, :3] - (sums[:, 3:12].reshape(-1, 3, 3) @ at[:, :, None])[..., 0]
            along = along - at * (sums[:, 12:13] - (sums[:, 13:] * at).sum(1, keepdim=True))
            found.append(weight @ mu - along)
        return torch.cat(found)
