"""Linear-time filters of images of any number of dimensions."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["box_mean", "guided_filter"]


def box_mean(x: Tensor, radius: int) -> Tensor:
    """The mean over the box of ``2 radius + 1`` elements a side about every element, cut off at the border."""
    mean = x.double()  # running sums of many elements
    for axis in range(2, x.ndim):
        n = x.shape[axis]
        place = torch.arange(n, device=x.device)
        first, last = (place - radius).clamp(min=0), (place + radius + 1).clamp(max=n)
        sums = torch.cat([torch.zeros_like(mean.narrow(axis, 0, 1)), mean.cumsum(axis)], dim=axis)
        count = (last - first).reshape([n if other == axis else 1 for other in range(x.ndim)])
        mean = (sums.index_select(axis, last) - sums.index_select(axis, first)) / count
    return mean.to(x)


def guided_filter(x: Tensor, guide: Tensor, radius: int, epsilon: float) -> Tensor:
    """``x`` smoothed within the edges of ``guide``: ``a · guide + b`` in every box, with ``epsilon a²``.

    Parameters
    ----------
    x, guide : Tensor
        ``(B, C, *spatial)`` and ``(B, 1, *spatial)``.

    Notes
    -----
    He, Sun, Tang. Guided image filtering. IEEE TPAMI 2013.
    """
    mean_x, mean_g = box_mean(x, radius), box_mean(guide, radius)
    covariance = box_mean(guide * x, radius) - mean_g * mean_x
    variance = box_mean(guide * guide, radius) - mean_g * mean_g
    a = covariance / (variance.clamp(min=0) + epsilon)
    b = mean_x - a * mean_g
    return box_mean(a, radius) * guide + box_mean(b, radius)
