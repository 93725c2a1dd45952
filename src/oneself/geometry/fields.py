"""Fields of dipoles that sit at points and point along their normals; a part at a time, as all would take N²."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["dipole_energy", "mean_potential"]

BLOCK = 2**19  # pairs that are held at once
EXACT, LEAST = "donot_use_mm_for_euclid_dist", 1e-20
SOFT = 1e-5  # added to the cube of the distance, of places in a box of side 1


def dipole_energy(sources: Tensor, moments: Tensor, targets: Tensor, normals: Tensor) -> Tensor:
    """``E(x) · n`` at each target, ``(T,)``: ``E(x) = sum of (p - 3 (p·R̂) R̂) / (|R|³ + 1e-5)``, ``R`` from a source.

    It is positive where the normal points as those of sources beside it do. Sources at the very place add nothing.
    """
    found = torch.zeros(len(targets), dtype=targets.dtype, device=targets.device)
    step = max(1, BLOCK // max(1, len(targets)))
    for s, p in zip(sources.split(step), moments.split(step), strict=True):
        r = torch.cdist(targets, s, compute_mode=EXACT)
        squared = r.square()
        along = targets @ p.T - (s * p).sum(1)  # p · R
        across = (targets * normals).sum(1, keepdim=True) - normals @ s.T  # n · R
        energy = (normals @ p.T - 3 * along * across / squared.clamp_min(LEAST)) / (squared * r + SOFT)
        found += torch.where(squared > 0, energy, 0).sum(1)
    return found


def mean_potential(sources: Tensor, moments: Tensor, side: int = 10) -> Tensor:
    """The mean of ``sum of p · R / |R|³`` over a grid of ``side³`` places in and around the sources' box.

    It is positive where the dipoles of a closed surface point outwards: inside, ``R`` points against them.
    """
    low, high = sources.amin(0), sources.amax(0)
    steps = torch.linspace(0, 1, side, dtype=sources.dtype, device=sources.device)
    grid = torch.cartesian_prod(steps, steps, steps) * (high - low) + low
    total = torch.zeros((), dtype=sources.dtype, device=sources.device)
    for places in grid.split(max(1, BLOCK // len(sources))):
        cube = torch.cdist(places, sources).pow(3) + SOFT
        total -= ((places @ moments.T - (sources * moments).sum(1)) / cube).sum()
    return total / len(grid)
