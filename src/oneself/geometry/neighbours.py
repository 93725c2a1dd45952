"""Who lies near whom, of points in space; a k-d tree on the CPU, whatever device the points are on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = ["chamfer", "nearest", "scattered", "unit_box"]


def _tree(points: Tensor) -> Any:
    from scipy.spatial import cKDTree

    return cKDTree(points.detach().cpu().numpy().astype(np.float64))


def nearest(x: Tensor, others: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
    """Distances and indices ``(N, k)`` of the ``k`` points of ``others`` nearest to each of ``x``, nearest first.

    Where there are fewer than ``k``, the farthest is repeated.
    """
    there = min(k, len(others))
    distances, indices = _tree(others).query(x.detach().cpu().numpy().astype(np.float64), k=there)
    d = torch.from_numpy(np.asarray(distances).reshape(len(x), there)).to(x)
    i = torch.from_numpy(np.asarray(indices, np.int64).reshape(len(x), there)).to(x.device)
    fill = [there - 1] * (k - there)
    return torch.cat([d, d[:, fill]], 1), torch.cat([i, i[:, fill]], 1)


def chamfer(one: Tensor, other: Tensor) -> Tensor:
    """The mean distance of a point to the nearest of the other cloud, of both directions the mean; a scalar.

    The nearest are found without a gradient; that of the distance is 0 where two points are one.
    """
    found = []
    for x, y in ((one, other), (other, one)):
        _, index = nearest(x, y)
        found.append(distance(x, y[index[:, 0]]).mean())
    return (found[0] + found[1]) / 2


def distance(x: Tensor, y: Tensor) -> Tensor:
    """``|x - y|`` of each row; its gradient at 0 is 0, where that of the root alone is not a number."""
    squared = (x - y).square().sum(-1)
    apart = squared > 0
    return torch.where(apart, torch.where(apart, squared, 1).sqrt(), 0)


def unit_box(points: Tensor) -> tuple[Tensor, Tensor]:
    """The middle of the points' box, ``(3,)``, and its largest side, 1 where all lie in one place.

    ``(x - middle) / side`` lies within ±1/2; what is found there does not depend on where the points lie, nor on their
    units.
    """
    low, high = points.amin(0), points.amax(0)
    side = (high - low).max()
    return (low + high) / 2, torch.where(side > 0, side, 1)


def scattered(points: Tensor, count: int) -> Tensor:
    """Indices of ``count`` points that are far from one another, by farthest-point sampling from the first one."""
    x = points.detach()
    if count >= len(x):
        return torch.arange(len(x), device=x.device)
    chosen = torch.zeros(count, dtype=torch.long, device=x.device)
    far = torch.full((len(x),), torch.inf, device=x.device)
    for i in range(1, count):
        torch.minimum(far, (x - x[chosen[i - 1]]).square().sum(1), out=far)
        chosen[i] = far.argmax()
    return chosen
