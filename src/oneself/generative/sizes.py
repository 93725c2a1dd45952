"""The sizes of a pyramid's levels."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["pyramid_sizes", "scaled"]

Size = tuple[int, ...]


def pyramid_sizes(size: Sequence[int], min_size: int, scale_factor: float) -> list[Size]:
    """Sizes from coarse to fine; the last is ``size`` and the shorter side of the first is ``min_size``.

    Neighbours differ by about ``scale_factor`` (in (0, 1)), adjusted so that both ends are met. A picture that is no
    larger than ``min_size`` has one level.
    """
    short = min(size)
    whole = max(1.0, short / min_size)
    steps = round(math.log(whole) / -math.log(scale_factor)) if whole > 1 else 0
    steps = max(steps, 1 if whole > 1 else 0)
    factors = [whole ** (-(steps - k) / steps) for k in range(steps)] if steps else []
    return [*(scaled(size, factor) for factor in factors), tuple(size)]


def scaled(size: Sequence[int], factor: float | Sequence[float]) -> Size:
    """A size times a factor (or one for each axis), rounded, at least 1."""
    factors = [factor] * len(size) if isinstance(factor, float | int) else factor
    return tuple(max(1, math.floor(n * f + 0.5)) for n, f in zip(size, factors, strict=True))
