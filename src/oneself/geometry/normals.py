"""Normals of points without a sign, from their neighbours."""

from __future__ import annotations

import torch
from torch import Tensor

from .neighbours import nearest

__all__ = ["pca_normals", "principal"]


def pca_normals(points: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The direction in which each point's ``k`` nearest (itself among them) vary least, and how curved it is there.

    Returns
    -------
    normals : Tensor
        ``(N, 3)``, of length 1; the sign has no meaning.
    curvature : Tensor
        ``(N,)``, the least share of the variance: 0 in a plane, 1/3 where it is the same in all directions.
    """
    _, index = nearest(points, points, k)
    return principal(points[index])


def principal(groups: Tensor) -> tuple[Tensor, Tensor]:
    """As ``pca_normals``, of groups of points ``(G, K, 3)``; in float64, as the least of three values is wanted."""
    x = groups.double()
    x = x - x.mean(1, keepdim=True)
    values, vectors = torch.linalg.eigh(x.transpose(1, 2) @ x / x.shape[1])
    share = values.clamp_min(0) / values.sum(1, keepdim=True).clamp_min(torch.finfo(torch.float64).tiny)
    return vectors[..., 0].to(groups.dtype), share[:, 0].to(groups.dtype)
