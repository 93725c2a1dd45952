"""The noise level a method works with: the one given, or an estimate that is told."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oneself.noise.level import estimate_sigma

__all__ = ["known_level"]

FAINTEST = 0.25 / 255  # the rounding of 8 bits: no measurement is less noisy
GAPS = 0.05  # share of a measurement that may be missing for its noise still to be told


def known_level(
    y: NDArray[np.floating], sigma: float | None, caller: str, gaps: float = 0.0
) -> tuple[float, tuple[str, ...]]:
    """``sigma``, or its estimate from the measurement ``y``, ``(C, *spatial)``; and a note where it is one.

    ``gaps`` is the share of ``y`` that was not measured.

    Raises
    ------
    ValueError
        No level is given and none can be estimated: the measurement has gaps.
    """
    if sigma is not None:
        return sigma, ()
    if gaps > GAPS:
        raise ValueError(
            f"{caller}(sigma=None): the noise level cannot be told from a measurement with gaps. Give sigma=."
        )
    level = max(FAINTEST, estimate_sigma(y))
    return level, (f"{caller}: sigma was not given; estimated as {level * 255:.1f}/255",)
