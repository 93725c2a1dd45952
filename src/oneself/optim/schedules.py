"""Learning rates over the progress of a run: from progress in [0, 1] to a factor."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["level_then_down", "one_cycle", "stepped"]


def one_cycle(rise: float = 0.25, first: float = 0.04, last: float = 1e-3) -> Callable[[float], float]:
    """Up on a cosine from ``first`` to 1 during the first ``rise`` of the run, then down on one to ``last``.

    Smith, Topin. Super-convergence. 2019.
    """

    def factor(progress: float) -> float:
        low, along = (first, progress / rise) if progress < rise else (last, (1 - progress) / (1 - rise))
        return low + (1 - low) * (1 - math.cos(math.pi * along)) / 2

    return factor


def level_then_down(level: float = 0.5, last: float = 0.05) -> Callable[[float], float]:
    """1 during the first part ``level`` of the run, then down on a cosine to ``last``."""

    def factor(progress: float) -> float:
        along = max(0.0, progress - level) / (1 - level)
        return last + (1 - last) * (1 + math.cos(math.pi * along)) / 2

    return factor


def stepped(factor: float, at: tuple[float, ...]) -> Callable[[float], float]:
    """Multiplied by ``factor`` at each progress in ``at``."""
    return lambda progress: factor ** sum(progress >= moment for moment in at)
