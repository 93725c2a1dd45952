"""Poisson surfaces (Kazhdan 2006) by a Fourier transform, differentiable in the points and their normals (Peng 2021).

With ``V`` the normals spread on a grid over a box of side 1, ``V = ∇χ`` is solved in the frequencies ``u``::

    χ(u) = g(u) · (2πi u · V(u)) / (−4π² |u|²),    g(u) = exp(−2 σ² |u|² / R²)

and ``χ`` less its mean over the points is 0 on the surface, and negative inside it where normals point outwards.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch
from torch import Tensor

__all__ = ["at_places", "indicator", "level_set", "spread_on_grid"]


def _corners(x: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Of places in [0, 1)³ the flat indices of the eight grid points around each, ``(8, N)``, and their shares."""
    scaled = x * side
    low = scaled.detach().floor()
    part, low = scaled - low, low.long()
    indices, shares = [], []
    for corner in itertools.product((0, 1), repeat=3):
        place = [(low[:, i] + corner[i]) % side for i in range(3)]
        indices.append((place[0] * side + place[1]) * side + place[2])
        share = [part[:, i] if corner[i] else 1 - part[:, i] for i in range(3)]
        shares.append(share[0] * share[1] * share[2])
    return torch.stack(indices), torch.stack(shares)


def spread_on_grid(x: Tensor, values: Tensor, side: int) -> Tensor:
    """Values of points, ``(N, C)``, on a periodic grid, ``(C, side, side, side)``: each on the eight around it."""
    index, share = _corners(x, side)
    flat = torch.zeros(side**3, values.shape[1], dtype=values.dtype, device=values.device)
    flat = flat.index_add(0, index.reshape(-1), (share[..., None] * values).reshape(-1, values.shape[1]))
    return flat.T.reshape(-1, side, side, side)


def at_places(grid: Tensor, x: Tensor) -> Tensor:
    """A grid's values at places in [0, 1)³, between grid points by shares: the adjoint of ``spread_on_grid``."""
    side = grid.shape[-1]
    index, share = _corners(x, side)
    flat = grid.reshape(-1, side**3).T
    return (flat[index] * share[..., None]).sum(0)


def indicator(x: Tensor, normals: Tensor, side: int, sigma: float) -> Tensor:
    """The field whose zero is the surface, ``(side, side, side)``, of size about 1/2.

    Parameters
    ----------
    x, normals : Tensor
        ``(N, 3)``: places in [0, 1)³, and normals whose lengths are the areas they stand for, up to a factor.
    sigma : float
        Smoothing, in grid points.
    """
    spectrum = torch.fft.rfftn(spread_on_grid(x, normals, side), dim=(1, 2, 3))
    full = torch.fft.fftfreq(side, 1 / side, device=x.device)
    half = torch.fft.rfftfreq(side, 1 / side, device=x.device)
    u = torch.stack(torch.meshgrid(full, full, half, indexing="ij"))
    squared = u.square().sum(0)
    smooth = torch.exp(-2 * sigma**2 * squared / side**2) / squared.clamp_min(1) / (2 * math.pi)
    divided = torch.complex(torch.zeros(()).to(smooth), -smooth) * (spectrum * u).sum(0)
    field: Tensor = torch.fft.irfftn(divided, s=(side, side, side))
    field = field - at_places(field[None], x).mean()
    return field / (2 * field[0, 0, 0].abs().clamp_min(1e-12))


def level_set(field: Tensor) -> tuple[Tensor, Tensor]:
    """Vertices in [0, 1)³ and faces where a field is 0, faces seen counter-clockwise from where it is positive.

    Raises ValueError where it is nowhere 0.
    """
    from skimage.measure import marching_cubes

    values = field.detach().cpu().numpy()
    if not values.min() < 0 < values.max():
        raise ValueError("level_set(field): it is nowhere 0. Give normals that point outwards.")
    found, faces, _, _ = marching_cubes(values, 0.0, gradient_direction="descent", allow_degenerate=False)
    vertices = torch.from_numpy(np.ascontiguousarray(found)).to(field) / field.shape[-1]
    return vertices, torch.from_numpy(np.ascontiguousarray(faces).astype(np.int64)).to(field.device)
