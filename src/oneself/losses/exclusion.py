"""Two layers of one picture that share no edges."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.core import Example, Term

__all__ = ["Exclusion", "exclusion"]

POOLS = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
TINY = 1e-12  # keeps the fourth root's slope finite where a layer is flat


def exclusion(first: Tensor, second: Tensor, levels: int = 3) -> Tensor:
    """How far the edges of two layers coincide: 0 where one of them is flat wherever the other is not.

    ``mean over levels and axes of (mean over elements and pairs of channels of tanh²(g₁) tanh²(g₂))^¼``, where ``g`` is
    the difference of neighbours divided by twice its mean size in its layer, so that no layer pays less by being faint;
    every level halves the size. ``first`` and ``second`` are ``(B, C, *spatial)``, of any numbers of channels.

    Gandelsman, Shocher, Irani. "Double-DIP". CVPR 2019. Zhang, Ng, Chen. Single image reflection separation with
    perceptual losses. CVPR 2018.
    """
    found = []
    for level in range(levels):
        for axis in range(2, first.ndim):
            if first.shape[axis] > 1:
                one, other = (_edges(x, axis) for x in (first, second))
                found.append((one * other).mean().add(TINY) ** 0.25)
        if level + 1 < levels and min(first.shape[2:]) >= 4:
            first, second = (POOLS[x.ndim - 2](x, 2) for x in (first, second))
    return torch.stack(found).mean()


def _edges(x: Tensor, axis: int) -> Tensor:
    """``mean over channels of tanh²(g)``: the mean over pairs of channels is the product of two of these."""
    g = x.diff(dim=axis)
    return torch.tanh(g / (2 * g.abs().mean() + 1e-6)).square().mean(dim=1, keepdim=True)


class Exclusion(Term):
    """``exclusion`` of the two layers that ``pair`` takes out of a stack."""

    name = "exclusion"

    def __init__(self, pair: Callable[[Tensor], tuple[Tensor, ...]]) -> None:
        super().__init__()
        self.pair = pair

    def forward(self, x: Tensor, example: Example) -> Tensor:
        first, second = self.pair(x)
        return exclusion(first, second)
