"""Point clouds cut into patches, and normals made consistent within each."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from oneself.geometry.fields import LEAST, SOFT
from oneself.geometry.normals import principal

__all__ = ["MERGES", "consistent", "cubes", "flat_normal"]

MERGES = 10  # passes in which small patches join others


def cubes(x: Tensor, side: float, least: int) -> list[Tensor]:
    """Indices of the points in each cube of a grid; cubes of fewer than ``least`` points join the nearest, by their
    middles, a pass over all of them at a time."""
    cell = torch.floor(x / side).long()
    _, owner = torch.unique(cell, dim=0, return_inverse=True)
    for _ in range(MERGES):
        count = owner.bincount()
        small = count < least
        if len(count) == 1 or not bool(small.any()):
            break
        middles = torch.zeros(len(count), 3, dtype=x.dtype, device=x.device).index_add(0, owner, x) / count[:, None]
        apart = torch.cdist(middles, middles).fill_diagonal_(torch.inf)
        owner = _joined(small, apart.argmin(1))[owner]
        _, owner = torch.unique(owner, return_inverse=True)
    order = owner.argsort(stable=True)
    return list(order.split(owner.bincount().tolist()))


def _joined(small: Tensor, other: Tensor) -> Tensor:
    """The new owner of each patch: of two that would join one another, the first stays; none joins one that joins."""
    owner = torch.arange(len(small), device=small.device)
    for i in small.nonzero()[:, 0].tolist():
        j = int(other[i])
        if owner[j] == j:  # it has not itself joined another
            owner[i] = j
        if owner[j] == i:
            owner[i] = i
    return owner


def flat_normal(x: Tensor) -> tuple[Tensor, float]:
    """The normal of the plane through a patch, and how curved the patch is (the least share of its variance)."""
    normal, curvature = principal(x[None])
    return normal[0], float(curvature[0])


def consistent(x: Tensor, normals: Tensor, curvature: Tensor, patches: Sequence[Tensor]) -> Tensor:
    """Normals whose signs agree within each patch, though not from patch to patch.

    From each patch's flattest point on, the point whose energy in the field of those before is largest is next, and
    takes the sign that makes it positive; all patches at once.
    """
    index = torch.nn.utils.rnn.pad_sequence(list(patches), batch_first=True, padding_value=-1)
    done, x, n = index < 0, x[index], normals[index].clone()
    row = torch.arange(len(patches), device=x.device)
    energy = torch.where(done, -torch.inf, -curvature[index]).double()  # of the first the flattest; its sign stays
    sign_counts = False
    for _ in range(index.shape[1]):
        pick = torch.where(done, -torch.inf, energy.abs() if sign_counts else energy).argmax(1)
        going = ~done[row, pick]
        if sign_counts:
            n[row, pick] *= torch.where((energy[row, pick] < 0) & going, -1.0, 1.0)[:, None].to(n)
        else:
            energy, sign_counts = torch.zeros_like(energy), True
        done[row, pick] = True
        energy += torch.where(going[:, None], _pair(x[row, pick], n[row, pick], x, n), 0)
    found = normals.clone()
    found[index[index >= 0]] = n[index >= 0]
    return found


def _pair(source: Tensor, moment: Tensor, x: Tensor, n: Tensor) -> Tensor:
    """The energy of each point ``(P, M)`` in the field of one dipole a patch."""
    r = x - source[:, None]
    squared = r.square().sum(-1)
    along, across = (r * moment[:, None]).sum(-1), (r * n).sum(-1)
    energy = ((n * moment[:, None]).sum(-1) - 3 * along * across / squared.clamp_min(LEAST)) / (
        squared * squared.sqrt() + SOFT
    )
    return torch.where(squared > 0, energy, 0)
