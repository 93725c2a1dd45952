"""How far the patches of two pictures are from each other as distributions: optimal transport."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["PatchTransport", "sliced_distance"]

MOST = 8192  # patches of the picture that are transported to; of more, so many are drawn
RATE = 0.05  # of the potentials, in units of the present cost
USUAL = 9  # patches for each one that is transported at that rate


def sliced_distance(x: Tensor, y: Tensor, side: int, directions: int) -> Tensor:
    """Sliced Wasserstein distance of the patches of two pictures of one size: the mean difference of their projections
    on random directions (unit patches), each sorted.

    Parameters
    ----------
    x, y : Tensor
        ``(1, C, H, W)``.
    side : int
        Of a patch.
    directions : int
        How many are drawn.

    Notes
    -----
    Rabin, Peyré, Delon, Bernot. Wasserstein barycenter and its application to texture mixing. SSVM 2011; of patches
    Elnekave, Weiss. Generating natural images with direct patch distribution matching. ECCV 2022.
    """
    drawn = torch.randn(directions, x.shape[1], side, side, device=x.device, dtype=x.dtype)
    drawn = drawn / drawn.flatten(1).norm(dim=1)[:, None, None, None]
    one, other = (F.conv2d(picture, drawn).flatten(2).sort(dim=2).values for picture in (x, y))
    return (one - other).abs().mean()


class PatchTransport(nn.Module):
    """What it costs to transport the patches ``q_j`` of a picture to those of another, ``p_k``, so that each is reached
    as often: ``mean_j ‖q_j − p_{k(j)}‖² / n`` with ``k(j) = argmin_k ‖q_j − p_k‖² / n − v_k`` and potentials ``v``.

    The potentials are what a critic is to a generator: they rise, call by call, where a patch is reached too seldom,
    and are the best critic where they come to rest, without a network.

    Parameters
    ----------
    picture : Tensor
        ``(1, C, H, W)``, the one whose patches are reached.
    side, stride : int
        Of patches; every ``stride``-th is transported, from a random corner.

    Notes
    -----
    The semi-dual of discrete optimal transport. Houdard, Leclaire, Papadakis, Rabin. A generative model for texture
    synthesis based on optimal transport between feature distributions. JMIV 2023.
    """

    known: Tensor
    potentials: Tensor

    def __init__(self, picture: Tensor, side: int, stride: int) -> None:
        super().__init__()
        self.side, self.stride = side, stride
        known = F.unfold(picture, side)[0].T
        if len(known) > MOST:
            known = known[torch.randperm(len(known))[:MOST].to(known.device)]
        self.register_buffer("known", known.contiguous())
        self.register_buffer("potentials", known.new_zeros(len(known)))

    def forward(self, x: Tensor) -> Tensor:
        """The cost for a picture ``(1, C, H, W)``; the potentials move."""
        patches = F.unfold(x, self.side)[0].T[self._chosen(x)]
        with torch.no_grad():
            reached = self.reached(patches)
        cost = (patches - self.known[reached]).square().mean()
        self._learn(reached, cost.detach())
        return cost

    def _chosen(self, x: Tensor) -> Tensor:
        """The rows of patches that are transported."""
        lines = []
        for n in (size - self.side + 1 for size in x.shape[2:]):
            step = min(self.stride, n)
            first = torch.randint(step, (1,), device=x.device)
            lines.append(first + step * torch.arange(n // step, device=x.device))
        return (lines[0][:, None] * (x.shape[3] - self.side + 1) + lines[1]).flatten()

    def reached(self, patches: Tensor) -> Tensor:
        """``k(j)`` of every patch, ``(n,)``."""
        own = self.known.square().sum(1) - patches.shape[1] * self.potentials
        return own[None].addmm(patches, self.known.T, alpha=-2).argmin(1)

    @torch.no_grad()
    def _learn(self, reached: Tensor, cost: Tensor) -> None:
        ratio = len(self.known) / len(reached)
        often = torch.zeros_like(self.potentials).index_add_(
            0, reached, torch.full_like(reached, ratio, dtype=cost.dtype)
        )
        self.potentials.add_(RATE * min(1.0, USUAL / ratio) * cost * (1 - often))
