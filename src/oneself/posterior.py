"""What was measured, mixed back into what was predicted without it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from oneself.filters import box_mean
from oneself.noise import describe_noise, known_noise

__all__ = ["drawn_back", "noise_variance", "posterior_mean", "variance_at"]

FLOOR = 0.01  # of the mean variance: no place has less noise than that
AROUND = 5  # how far around an element predictions are as uncertain as its own


def variance_at(x: Tensor, mean: float, gain: float) -> Tensor:
    """The noise's variance at every element of an estimate, ``(1, 1, *spatial)``: ``mean`` at its mean brightness, and
    growing with brightness by ``gain``."""
    brightness = x.mean(1, keepdim=True)
    return (mean + gain * (brightness - brightness.mean())).clamp(min=FLOOR * mean)


def noise_variance(
    y: Tensor, sigma: float | None, caller: str
) -> tuple[Callable[[Tensor], Tensor] | None, tuple[str, ...]]:
    """The noise's variance at every element of an estimate, of level ``sigma`` or as it is measured, and a note.

    ``None`` where neighbours share noise: they tell it, so that no prediction is independent of it.
    """
    measured = y[0].cpu().numpy()
    if sigma is None and (found := describe_noise(measured)).correlated:
        return None, (f"{caller}: {found.words()}, which neighbours tell; nothing was mixed back",)
    level, gain, notes = known_noise(measured, sigma, None, caller)
    return lambda x: variance_at(x, level**2, gain), notes


def drawn_back(y: Tensor, predicted: Tensor, variance: float, missed: Tensor) -> Tensor:
    """``y + (σ² / m) (μ − y)``, the best mixture of ``y`` and a prediction that misses what it does not see of ``y`` by
    a mean square of ``m``: all of ``μ`` where that is the noise's ``σ²`` alone, next to nothing where it is far more.

    Parameters
    ----------
    variance : float
        ``σ²``.
    missed : Tensor
        ``m``, a scalar.
    """
    share = (variance / missed.clamp(min=variance)).to(y)
    return y + share * (predicted - y)


def posterior_mean(y: Tensor, predicted: Tensor, variance: Tensor, radius: int = AROUND) -> Tensor:
    """``(v y + σ² μ) / (v + σ²)``: the mean of ``x`` where ``y ~ N(x, σ²)`` and ``x ~ N(μ, v)``, both independent.

    That they are needs a ``predicted`` ``μ`` whose elements do not depend on the ``y`` of their own place. How
    uncertain it is comes from what it missed: ``v`` is what ``(y − μ)²`` has above ``σ²``, on the mean over all
    channels of the box of ``2 radius + 1`` elements a side.

    Parameters
    ----------
    y, predicted : Tensor
        ``(B, C, *spatial)``.
    variance : Tensor
        ``σ²``, above 0; broadcastable to ``y``.

    Notes
    -----
    Laine, Karras, Lehtinen, Aila. High-quality self-supervised deep image denoising. NeurIPS 2019.
    """
    missed = ((y - predicted).square() - variance).mean(1, keepdim=True)
    uncertain = box_mean(missed, radius).clamp(min=0)
    return (uncertain * y + variance * predicted) / (uncertain + variance)
