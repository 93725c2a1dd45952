"""Linear-time filters of images of any number of dimensions."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

__all__ = ["box_mean", "guided_filter"]

POOLS = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def box_mean(x: Tensor, radius: int) -> Tensor:
    """The mean over the box of ``2 radius + 1`` elements a side about every element, cut off at the border."""
    dims = x.ndim - 2
    for axis in range(dims):
        reach = min(radius, x.shape[2 + axis] - 1)
        kernel = [2 * reach + 1 if other == axis else 1 for other in range(dims)]
        padding = [reach if other == axis else 0 for other in range(dims)]
        x = POOLS[dims](x, kernel, stride=1, padding=padding, count_include_pad=False)
    return x


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
