"""Samples at another rate: what both rates can hold is kept, and nothing else is there."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Rate", "extended", "interpolated", "resampled"]


def resampled(x: Tensor, size: int) -> Tensor:
    """``(…, n)`` at ``size`` samples in the same time: its cosine transform, cut off or continued by zeros.

    The first sample stays at its time, and the signal is mirrored at its ends. Values are kept: a constant stays that
    constant.
    """
    length = x.shape[-1]
    return x if size == length else _turned_back(_continued(_cosines(x), size), size, length) * (size / length)


def interpolated(x: Tensor, size: int) -> Tensor:
    """``(…, n)`` at ``size`` samples in the same time, by cubic convolution (``a = −½``); ends are held.

    Each sample is of its four neighbours, so that it costs little; above the old limit it leaves mirror images. The
    first sample stays at its time.

    Keys. Cubic convolution interpolation for digital image processing. IEEE TASSP 1981.
    """
    length = x.shape[-1]
    if size == length:
        return x
    place = torch.arange(size, device=x.device, dtype=torch.float64) * (length / size)
    first = place.floor()
    t, first = (place - first).to(x.dtype), first.long()
    weights = (
        ((2 - t) * t - 1) * t / 2,
        ((3 * t - 5) * t * t + 2) / 2,
        ((4 - 3 * t) * t + 1) * t / 2,
        (t - 1) * t * t / 2,
    )
    parts = [w * x[..., (first + k).clamp(0, length - 1)] for k, w in enumerate(weights, -1)]
    return parts[0] + parts[1] + parts[2] + parts[3]


def _cosines(x: Tensor) -> Tensor:
    """The sums ``Σ x[t] cos(π k (t + ½) / n)``."""
    length = x.shape[-1]
    spectrum: Tensor = torch.fft.rfft(torch.cat([x, x.flip(-1)], -1))[..., :length]
    turn = -math.pi / (2 * length) * torch.arange(length, device=x.device, dtype=x.dtype)
    found: Tensor = (spectrum * torch.polar(torch.ones_like(turn), turn)).real / 2
    return found


def _turned_back(cosines: Tensor, size: int, length: int) -> Tensor:
    """The cosines with these sums over ``length`` samples, added up at ``size`` moments, the first at the same time."""
    turn = math.pi / (2 * length) * torch.arange(size, device=cosines.device, dtype=cosines.dtype)
    spectrum = F.pad(2 * cosines * torch.polar(torch.ones_like(turn), turn), (0, 1))
    found: Tensor = torch.fft.irfft(spectrum, n=2 * size)[..., :size]
    return found


def _continued(cosines: Tensor, size: int) -> Tensor:
    return F.pad(cosines, (0, size - cosines.shape[-1])) if size > cosines.shape[-1] else cosines[..., :size]


class Rate:
    """The operator of bandwidth extension: ``A`` takes samples to a lower rate.

    Parameters
    ----------
    factor : float
        Of the rates, above 1.
    """

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def large_size(self, y: Tensor) -> tuple[int, ...]:
        """The size of what ``y`` was made from."""
        return (round(y.shape[-1] * self.factor),)

    def A(self, x: Tensor) -> Tensor:
        return resampled(x, round(x.shape[-1] / self.factor))

    def A_adjoint(self, y: Tensor) -> Tensor:
        with torch.enable_grad():
            x = y.new_zeros(*y.shape[:-1], *self.large_size(y), requires_grad=True)
            (found,) = torch.autograd.grad(self.A(x), x, y)
        return found

    def A_dagger(self, y: Tensor) -> Tensor:
        return resampled(y, *self.large_size(y))


def extended(low: Tensor, high: Tensor, fade: float) -> Tensor:
    """``high`` ``(…, T)`` above the frequencies that ``low`` ``(…, t)``, of fewer samples in the same time, can hold,
    and ``low`` below.

    Just below its limit, over the share ``fade`` of its frequencies, they go over into each other in proportion.
    """
    size, known = high.shape[-1], low.shape[-1]
    ours = _cosines(resampled(low, size))
    edge = torch.arange(size, device=high.device, dtype=high.dtype)
    share = ((known - edge) / max(1.0, fade * known)).clamp(0, 1)
    return _turned_back(share * ours + (1 - share) * _cosines(high), size, size)
