"""Groups of similar patches denoised in closed form, by the linear estimators of least risk.

A group is a matrix of k similar patches (rows) of n elements; ``Y`` is the noisy group less the mean of its rows, ``X``
the same group of an estimate of the image, ``v`` the variance of the noise. Each function gives the noise to be taken
off ``Y``, and the variance that white noise of variance 1 keeps in each patch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from oneself.core import Stage
from oneself.inputs import Region, SimilarPatches

__all__ = [
    "GroupPass",
    "Turn",
    "around_pilot",
    "half_and_half",
    "mixing_elements",
    "mixing_patches",
    "mixing_patches_unguided",
]

Filter = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
COMPARED = 3  # principal channels in which patches are compared
ROUNDING = 1e-6  # of a matrix's trace: what float32 leaves uncertain of its eigenvalues


def _root(gram: Tensor, amount: Tensor) -> Tensor:
    """Cholesky's ``L`` of ``gram + amount I = L Lᵀ``; no less is added than rounding needs."""
    gram = gram.clone()
    diagonal = gram.diagonal(dim1=-2, dim2=-1)
    diagonal.add_(torch.maximum(amount, ROUNDING * diagonal.sum(1))[:, None])
    root: Tensor = torch.linalg.cholesky(gram)
    return root


def mixing_patches_unguided(Y: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """``Θ`` of the least estimated risk ``‖ΘY - Y‖² + 2nv tr Θ``, with rows that sum to one (Stein's estimate).

    ``Θ = I - Q + 11ᵀ/k``, ``Q = nv (Y Yᵀ + nv 11ᵀ/k)⁻¹``. Needs ``k <= n``.

    Parameters
    ----------
    Y : Tensor
        ``(m, k, n)``: m groups.
    v : Tensor
        ``(m,)``.

    Returns
    -------
    noise, kept : Tensor
        ``(m, k, n)`` and ``(m, k)``: ``Q Y``, and the squared norm of each row of ``Θ``.
    """
    k, n = Y.shape[1:]
    amount = n * v
    gram = Y @ Y.transpose(1, 2) + (amount / k)[:, None, None]
    Q = amount[:, None, None] * torch.cholesky_inverse(_root(gram, 1e-4 * amount))
    theta = 1 / k - Q
    theta.diagonal(dim1=1, dim2=2).add_(1)
    return Q @ Y, theta.square().sum(2)


def mixing_patches(Y: Tensor, X: Tensor, v: Tensor, gram: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """``Θ`` of the least risk ``‖ΘX - X‖² + nv ‖Θ‖²``, rows that sum to one, were ``X`` the truth.

    ``Θ = X (XᵀX + nv I)⁻¹ Xᵀ + 11ᵀ/k``, of n × n matrices only. Parameters and returns as above; ``gram`` is ``XᵀX``
    where that is known.
    """
    k, n = Y.shape[1:]
    L = _root(X.transpose(1, 2) @ X if gram is None else gram, n * v)
    # With Z = X L⁻ᵀ, Θ - 11ᵀ/k is ZZᵀ, and Z is never longer than one. The inverse of LLᵀ itself is as large as the
    # noise is small; what is multiplied by it cancels, up to the noise's share of rounding.
    Z = X @ torch.linalg.solve_triangular(L, torch.eye(n).to(L).expand_as(L), upper=False).transpose(1, 2)
    Zt = Z.transpose(1, 2)
    kept = (Z @ (Zt @ Z)).mul_(Z).sum(2).add_(1 / k)
    return torch.baddbmm(Y, Z, Zt @ Y, alpha=-1), kept


def mixing_elements(Y: Tensor, X: Tensor, v: Tensor, gram: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """``Y C (C + v I)⁻¹``: Wiener's filter of patches with the covariance ``C = XᵀX / k``.

    Parameters and returns as above; the variance kept is the mean over the elements.
    """
    k, n = Y.shape[1:]
    root = _root(X.transpose(1, 2) @ X if gram is None else gram, k * v)
    Q = (k * v)[:, None, None] * torch.cholesky_inverse(root)
    trace = Q.diagonal(dim1=1, dim2=2).sum(1)
    kept = (n - 2 * trace + Q.square().sum((1, 2))) / n + 1 / k
    return Y @ Q, kept[:, None].expand(-1, k)


def half_and_half(Y: Tensor, X: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of both filters, around each group's own mean; best of white noise. Parameters and returns as above."""
    Y, X = Y - Y.mean(1, keepdim=True), X - X.mean(1, keepdim=True)
    gram = X.transpose(1, 2) @ X
    one, kept_by_one = mixing_patches(Y, X, v, gram)
    other, kept_by_other = mixing_elements(Y, X, v, gram)
    return (one + other) / 2, (kept_by_one + kept_by_other) / 2


def around_pilot(Y: Tensor, X: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Elements mixed around the pilot's mean, as noise that neighbours share is left in a group's own mean. Parameters
    and returns as above."""
    mean = X.mean(1, keepdim=True)
    return mixing_elements(Y - mean, X - mean, v)


@dataclass(frozen=True)
class Turn:
    """How channels and patches are turned so that their noise is white and of one level.

    Attributes
    ----------
    axes, inverse : Tensor
        ``(C, C)``: directions of colour, one a row; what turns back.
    white, back : Tensor or None
        ``(C, n, n)``: what patches along the axes, rows of n elements, are multiplied with from the right; the inverse.
        None where they are white as they are.
    """

    axes: Tensor
    inverse: Tensor
    white: Tensor | None = None
    back: Tensor | None = None

    @classmethod
    def orthonormal(cls, axes: Tensor) -> Turn:
        """Of white noise, along orthonormal directions of colour."""
        return cls(axes, axes.T)

    def whitened(self, patches: Tensor) -> Tensor:
        """``(patches, C, n)`` along the axes."""
        return patches if self.white is None else torch.einsum("mcn,cnk->mck", patches, self.white)

    def coloured(self, patches: Tensor, channels: slice) -> Tensor:
        """Undone, of some of the channels."""
        return patches if self.back is None else torch.einsum("mcn,cnk->mck", patches, self.back[channels])


def turned(x: Tensor, axes: Tensor) -> Tensor:
    """The channels of ``x``, ``(1, C, *spatial)``, along other directions, the rows of ``axes``, ``(C', C)``."""
    return torch.einsum("dc,bc...->bd...", axes, x)


class GroupPass(Stage):
    """Every group of similar patches denoised once, a region a step, and all of them averaged where they overlap.

    Without a pilot the groups take all channels together and the weights of their patches are those of the least
    estimated risk. With one the groups are of one channel, and ``filtered`` takes their noise off.

    Parameters
    ----------
    y : Tensor
        What is filtered, ``(1, C, *spatial)``.
    pilot : Tensor or None
        An estimate of the image.
    turn : Turn
        Directions of colour that the channels are turned to, of patches of the size that ``groups`` has; the first
        three (of white noise without a pilot the first) tell which patches are similar.
    variance : Tensor
        The noise's at every element, once turned, ``(1, 1, *spatial)``.
    groups : SimilarPatches
    similar : int
        Patches of a group.
    filtered : callable
        ``half_and_half`` or ``around_pilot``.
    notes : sequence of str
    """

    total: Tensor
    weight: Tensor
    taken: Tensor

    def __init__(
        self,
        y: Tensor,
        pilot: Tensor | None,
        turn: Turn,
        variance: Tensor,
        groups: SimilarPatches,
        similar: int,
        filtered: Filter = half_and_half,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(steps=len(groups), notes=notes)
        self.turn, self.variance, self.groups, self.filtered = turn, variance, groups, filtered
        self.y, self.pilot = turned(y, turn.axes), None if pilot is None else turned(pilot, turn.axes)
        first = 1 if turn.white is None else COMPARED  # white noise leaves brightness alone worth comparing
        self.guide = self.y[:, :first] if self.pilot is None else self.pilot[:, :COMPARED]
        self.similar = min(similar, groups.candidates)
        self.register_buffer("total", torch.zeros_like(y))
        self.register_buffer("weight", torch.zeros_like(y))
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))

    def solve(self) -> Mapping[str, Tensor]:
        groups, device = self.groups, self.y.device
        region = groups.region(int(self.taken), device)
        self.taken += 1
        with torch.autocast(device.type, enabled=False):
            members = groups.match(self.guide, region, self.similar)
            level = groups.cut_out(self.variance, region).mean((1, 2))[region.references]
            noisy = self.turn.whitened(groups.cut_out(self.y, region))
            pilot = None if self.pilot is None else self.turn.whitened(groups.cut_out(self.pilot, region))
            together = noisy.shape[1] if pilot is None else 1
            removed = torch.zeros((), device=device)
            for first in range(0, noisy.shape[1], together):
                channels = slice(first, first + together)
                Y = noisy[:, channels].flatten(1)[members]
                if pilot is None:
                    noise, kept = mixing_patches_unguided(Y - Y.mean(1, keepdim=True), level)
                else:
                    noise, kept = self.filtered(Y, pilot[:, channels].flatten(1)[members], level)
                self._add(Y - noise, 1 / kept, members, region, channels)
                removed += (noise.square().mean((1, 2)) / level).mean() * together / noisy.shape[1]
        return {"removed": removed}

    def _add(self, patches: Tensor, weights: Tensor, members: Tensor, region: Region, channels: slice) -> None:
        """Every patch, turned back, times its weight, to where it lies; and its weight."""
        count, shape = self.groups.count(region), (channels.stop - channels.start, -1)
        numbers = members.flatten()
        total = patches.new_zeros(count, patches.shape[2])
        total.index_add_(0, numbers, (patches * weights[..., None]).flatten(0, 1))
        total = self.turn.coloured(total.unflatten(1, shape), channels)
        weight = patches.new_zeros(count).index_add_(0, numbers, weights.flatten())
        self.groups.lay_back(self.total[:, channels], total, region)
        self.groups.lay_back(self.weight[:, channels], weight[:, None, None].expand_as(total), region)

    def estimate(self) -> Tensor:
        before = self.y if self.pilot is None else self.pilot
        x = torch.where(self.weight > 0, self.total / self.weight.clamp(min=1e-12), before)
        return turned(x, self.turn.inverse)
