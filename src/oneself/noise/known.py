"""The noise level a method works with: the one given, or an estimate that is told."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oneself.noise.blocks import active_bounds, checked
from oneself.noise.level import estimate_sigma
from oneself.noise.report import describe_noise, percent
from oneself.noise.spectrum import noise_spectrum

__all__ = ["known_level", "known_noise", "noise_power"]

FAINTEST = 1e-6  # of the range: what float32 cannot hold
LOW = 0.85  # of what is measured: less is not the scatter of the estimate
FEWEST = 4
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
    return level, (f"{caller}: sigma was not given; estimated as {percent(level)}",)


def known_noise(
    y: NDArray[np.floating], sigma: float | None, gain: float | None, caller: str
) -> tuple[float, float, tuple[str, ...]]:
    """Level at the mean brightness, and gain of the variance with brightness; and a note where they are estimated.

    Beside a given ``sigma`` a ``gain`` that is not given is 0, and it is said where much more is measured. Noise that
    neighbours share is taken for white noise of its level.
    """
    if sigma is not None:
        return sigma, gain or 0.0, _too_low(y, sigma, caller)
    found = describe_noise(y)
    slope = found.gain if gain is None else gain
    return max(FAINTEST, found.sigma), slope, (f"{caller}: sigma was not given; estimated: {found.words()}",)


def _too_low(y: NDArray[np.floating], sigma: float, caller: str) -> tuple[str, ...]:
    measured = estimate_sigma(y) if max(y.shape[1:]) >= FEWEST else 0.0
    if sigma >= LOW * measured:
        return ()
    told = f"sigma is given as {percent(sigma)}, the flattest parts of the picture measure {percent(measured)}"
    return (f"{caller}: {told}; a level that is too low leaves noise behind",)


def noise_power(y: NDArray[np.floating]) -> NDArray[np.float64]:
    """The noise's power at every frequency of a block of the measurement ``y``, ``(C, *spatial)``, as the flattest
    blocks have it: squares of an orthonormal discrete cosine transform, whose mean is the noise's variance."""
    y = checked(y, "noise_power")
    return noise_spectrum(y, active_bounds(y)).power
