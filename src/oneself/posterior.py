"""What was measured, mixed back into what was predicted without it."""

from __future__ import annotations

from torch import Tensor

from oneself.filters import box_mean

__all__ = ["posterior_mean", "variance_at"]

FLOOR = 0.01  # of the mean variance: no place has less noise than that
AROUND = 5  # how far around an element predictions are as uncertain as its own


def variance_at(x: Tensor, mean: float, gain: float) -> Tensor:
    """The noise's variance at every element of an estimate, ``(1, 1, *spatial)``: ``mean`` at its mean brightness, and
    growing with brightness by ``gain``."""
    brightness = x.mean(1, keepdim=True)
    return (mean + gain * (brightness - brightness.mean())).clamp(min=FLOOR * mean)


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
