"""Groups of similar patches denoised in closed form where neighbours share noise: its covariance in place of σ²I."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from oneself.core import Stage
from oneself.inputs import Region, SimilarPatches
from oneself.recipes.classical.groups import mixing_elements, mixing_patches_unguided, turned

__all__ = ["ColouredPass", "Whitening"]

COMPARED = 3  # principal channels in which patches are compared


class Whitening:
    """How channels and patches are turned so that their noise is white and of one level.

    Parameters
    ----------
    axes : Tensor
        ``(C, C)``: directions of colour with independent noise, one a row.
    white, back : Tensor
        ``(C, n, n)``: what patches along the axes, rows of n elements, are multiplied with from the right; the inverse.
    """

    def __init__(self, axes: Tensor, white: Tensor, back: Tensor) -> None:
        self.axes, self.white, self.back = axes, white, back
        self.inverse = torch.linalg.inv(axes)


class ColouredPass(Stage):
    """Every group of similar patches denoised once, a region a step, and all of them averaged where they overlap.

    Without a pilot, patches of all channels together are mixed by the weights of the least estimated risk. With one,
    elements are mixed, channel by channel, by Wiener's filter with the pilot's covariance, around the pilot's mean.

    Parameters
    ----------
    y : Tensor
        What is filtered, ``(1, C, H, W)``.
    pilot : Tensor or None
        An estimate of the image.
    whitening : Whitening
        Of patches of the size that ``groups`` has.
    variance : Tensor
        The noise's, once whitened, at every pixel, ``(1, 1, H, W)``.
    groups : SimilarPatches
    similar : int
        Patches of a group.
    notes : sequence of str
    """

    total: Tensor
    weight: Tensor
    taken: Tensor

    def __init__(
        self,
        y: Tensor,
        pilot: Tensor | None,
        whitening: Whitening,
        variance: Tensor,
        groups: SimilarPatches,
        similar: int,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(steps=len(groups), notes=notes)
        self.whitening, self.variance, self.groups = whitening, variance, groups
        self.y = turned(y, whitening.axes)
        self.pilot = None if pilot is None else turned(pilot, whitening.axes)
        self.similar = min(similar, groups.candidates)
        self.register_buffer("total", torch.zeros_like(y))
        self.register_buffer("weight", torch.zeros_like(y))
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))

    def solve(self) -> Mapping[str, Tensor]:
        groups, device = self.groups, self.y.device
        region = groups.region(int(self.taken), device)
        self.taken += 1
        with torch.autocast(device.type, enabled=False):
            members = groups.match((self.y if self.pilot is None else self.pilot)[:, :COMPARED], region, self.similar)
            level = groups.cut_out(self.variance, region).mean((1, 2))[region.references]
            noisy = self._white(self.y, region)
            if self.pilot is None:
                removed = self._mix_patches(noisy, level, members, region)
            else:
                removed = self._mix_elements(noisy, self._white(self.pilot, region), level, members, region)
        return {"removed": removed}

    def _white(self, x: Tensor, region: Region) -> Tensor:
        return torch.einsum("mcn,cnk->mck", self.groups.cut_out(x, region), self.whitening.white)

    def _mix_patches(self, noisy: Tensor, level: Tensor, members: Tensor, region: Region) -> Tensor:
        Y = noisy.flatten(1)[members]
        noise, kept = mixing_patches_unguided(Y - Y.mean(1, keepdim=True), level)
        self._add((Y - noise).unflatten(2, noisy.shape[1:]), 1 / kept, members, region, slice(None))
        return (noise.square().mean((1, 2)) / level).mean()

    def _mix_elements(self, noisy: Tensor, pilot: Tensor, level: Tensor, members: Tensor, region: Region) -> Tensor:
        removed = torch.zeros((), device=noisy.device)
        for channel in range(noisy.shape[1]):
            Y, X = noisy[:, channel][members], pilot[:, channel][members]
            mean = X.mean(1, keepdim=True)
            noise, kept = mixing_elements(Y - mean, X - mean, level)
            removed += (noise.square().mean((1, 2)) / level).mean() / noisy.shape[1]
            self._add((Y - noise)[:, :, None], 1 / kept, members, region, slice(channel, channel + 1))
        return removed

    def _add(self, patches: Tensor, weights: Tensor, members: Tensor, region: Region, channels: slice) -> None:
        """Every patch, coloured again, times its weight, to where it lies; and its weight."""
        numbers, shape = members.flatten(), patches.shape[2:]
        total = patches.new_zeros(self.groups.count(region), *shape)
        total.index_add_(0, numbers, (patches * weights[..., None, None]).flatten(0, 1))
        total = torch.einsum("mcn,cnk->mck", total, self.whitening.back[channels])
        weight = patches.new_zeros(len(total)).index_add_(0, numbers, weights.flatten())
        self.groups.lay_back(self.total[:, channels], total, region)
        self.groups.lay_back(self.weight[:, channels], weight[:, None, None].expand(-1, *shape), region)

    def estimate(self) -> Tensor:
        before = self.y if self.pilot is None else self.pilot
        x = torch.where(self.weight > 0, self.total / self.weight.clamp(min=1e-12), before)
        return turned(x, self.whitening.inverse)
