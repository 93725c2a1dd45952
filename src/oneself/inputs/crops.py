"""Crops where there is something to be seen."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.imaging.cropping import cut

__all__ = ["DetailedCrops"]


class DetailedCrops(nn.Module):
    """Random crops of a picture, drawn the more often the steeper its slopes are there.

    Parameters
    ----------
    y : Tensor
        ``(1, C, H, W)``.
    side : int
        Of a crop; the picture's own where that is smaller.
    crops : int
        How many at once.
    """

    y: Tensor

    def __init__(self, y: Tensor, side: int, crops: int) -> None:
        super().__init__()
        self.crops, self.sides = crops, [min(n, side) for n in y.shape[2:]]
        self.register_buffer("y", y, persistent=False)
        self.chances = self._chances().cpu()
        self.across = y.shape[3] - self.sides[1] + 1

    def _chances(self) -> Tensor:
        """Of each place of the first corner: how steep the crop is on the whole, evened out by its median."""
        down, across = self.y.diff(dim=2).abs().sum(1), self.y.diff(dim=3).abs().sum(1)
        steep = F.pad(down, (0, 0, 0, 1)) + F.pad(across, (0, 1))
        total = F.avg_pool2d(steep[:, None], self.sides, stride=1).flatten()
        return total + total.mean().clamp(min=1e-12) * 0.1

    def forward(self) -> Tensor:
        """``(crops, C, side, side)``."""
        drawn = torch.multinomial(self.chances, self.crops, replacement=True).tolist()
        corners = [divmod(place, self.across) for place in drawn]
        return torch.cat([cut(self.y, [slice(a, a + n) for a, n in zip(c, self.sides, strict=True)]) for c in corners])
