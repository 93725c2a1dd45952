"""Ways in which a picture may have been made smaller: what a super-resolver must adapt to."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from oneself.operators import Downsample, Resize, enlarge
from oneself.operators.kernels import gaussian_kernel

__all__ = ["Shrinking", "random_shrinking"]

SIDE = 15  # of a kernel
WIDEST = 2.5  # times the scale: the largest variance of a blur, in samples squared
DIRECT, BLURRED = 0.5, 0.25  # of all: every so-manieth sample kept; blurred and then shrunk; others are only shrunk


@dataclass(frozen=True)
class Shrinking:
    """Blur by ``kernel`` (none: no blur), then every ``scale``-th sample (``direct``) or cubic shrinking."""

    scale: int
    kernel: Tensor | None = None
    direct: bool = False

    def small(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` shrunk, cut to [0, 1]."""
        if self.kernel is not None:
            x = Downsample(self.scale if self.direct else 1, self.kernel).A(x)
        return (x if self.direct else Resize(self.scale).A(x)).clamp(0, 1)

    def pair(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``x`` shrunk and enlarged again in its place, and ``x``."""
        moved = -(self.scale - 1) / 2 if self.direct else 0.0
        return enlarge(self.small(x), x.shape[2:], (moved, moved)), x


def random_shrinking(chance: Generator, scale: int) -> Shrinking:
    """A blur by a Gaussian of variances ``a`` in [1, 2.5 scale] and ``b`` in [1, a] along axes of any direction, and
    each of the two ways to shrink; or cubic shrinking without a blur. ``chance`` is of the CPU.

    Soh, Cho, Cho. Meta-transfer learning for zero-shot super-resolution. CVPR 2020.
    """
    kind, turn, *parts = torch.rand(4, generator=chance, dtype=torch.float64).tolist()
    if kind >= DIRECT + BLURRED:
        return Shrinking(scale)
    first = 1 + (WIDEST * scale - 1) * parts[0]
    second = 1 + (first - 1) * parts[1]
    kernel = gaussian_kernel(SIDE, (math.sqrt(first), math.sqrt(second)), math.pi * turn)
    return Shrinking(scale, kernel, kind < DIRECT)
