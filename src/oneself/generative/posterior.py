"""The best denoiser that sees patches, in closed form."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["PatchPosterior"]

BORDER = 10.0  # logarithm of the weight lost by a patch that stands one element off another's place by a border
NEGLECTED = 1 / 3  # of the noise's variance in an element: what may be left out of a patch's energy
ROWS = 1024  # patches compared at a time


class PatchPosterior:
    """``E[x | patch of x_t]``: of every element, the mean of the centres of the picture's own patches ``p_k``, with
    weights proportional to ``exp(−‖patch − √ᾱ p_k‖² / (2 (1 − ᾱ)))``.

    It is what a network of that receptive field tends to that is trained to tell one picture from its noisy copies.
    A patch at a border is compared with those that stand alike to it.

    Parameters
    ----------
    picture : Tensor
        ``(1, C, H, W)``.
    side : int
        Of a patch, odd.

    Notes
    -----
    Patches are compared in so many of their principal components that what is left out of them is, in the mean, a third
    of the noise's variance in one element; the more noise, the fewer.

    Kamb, Ganguli. An analytic theory of creativity in convolutional diffusion models. ICML 2025.
    """

    def __init__(self, picture: Tensor, side: int) -> None:
        self.side = side
        known = self._patches(picture)
        energy, axes = torch.linalg.eigh(known.T @ known / len(known))  # ascending
        self.axes, seen = axes.flip(1), known @ axes.flip(1)
        self.left = energy.clamp(min=0).cumsum(0).flip(0)  # out of patches if all from a component on are left out
        self.places = self._places(tuple(picture.shape[2:]), picture)
        self.keys = torch.cat([self.places, seen], dim=1).T.contiguous()
        self.energies = self.keys.square()
        self.values = picture.flatten(2)[0].T.contiguous()

    def __call__(self, noisy: Tensor, alpha_bar: Tensor) -> Tensor:
        """The picture expected behind ``x_t``, ``(B, C, H', W')`` of any size."""
        places = self._places(tuple(noisy.shape[2:]), noisy)
        return torch.cat([self._mean(one[None], places, alpha_bar) for one in noisy])

    def _mean(self, noisy: Tensor, places: Tensor, alpha_bar: Tensor) -> Tensor:
        precision = alpha_bar / (1 - alpha_bar)
        count = int((self.left * precision > NEGLECTED).sum())
        keys, known = self.keys[: 4 + count], self.energies[: 4 + count]
        own = -(known[:4].sum(0) + precision * known[4:].sum(0)) / 2
        seen = precision / alpha_bar.sqrt() * (self._patches(noisy) @ self.axes[:, :count])
        parts = torch.cat([places, seen], dim=1).split(ROWS)
        made = torch.cat([torch.addmm(own, part, keys).softmax(1) @ self.values for part in parts])
        shaped: Tensor = made.T.reshape(noisy.shape)
        return shaped

    def _patches(self, x: Tensor) -> Tensor:
        """One for each element, ``(H W, C side²)``, 0 beyond the border."""
        return F.unfold(x, self.side, padding=self.side // 2)[0].T

    def _places(self, size: tuple[int, ...], like: Tensor) -> Tensor:
        """How far every element is from each border, as far as a patch sees it, ``(H W, 4)``; half the squared distance
        of two is the logarithm of the weight that is lost."""
        reach = self.side // 2
        lines = [torch.arange(n, device=like.device) for n in size]
        far = [torch.meshgrid(*pair, indexing="ij") for pair in (lines, [n.flip(0) for n in lines])]
        told: Tensor = torch.stack([part.flatten().clamp(max=reach) for pair in far for part in pair], dim=1)
        return math.sqrt(2 * BORDER) * told.to(like)
