"""A denoiser that is told the noise level, quick on a CPU: residual blocks on the four half-size pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["SplitDenoiser"]


class ResidualBlock(nn.Module):
    """``relu(x + B relu(A x))`` with 3x3 convolutions; begins as ``relu(x)``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(F.relu(self.first(x))))


class SplitDenoiser(nn.Module):
    """``x - f(x, sigma)``, ``f`` being ``2 blocks + 2`` convolutions at half the size.

    The picture is split into the four that it interleaves (a quarter of the work, twice the receptive field); beside
    them stands a map of the noise level for each channel, which may differ from place to place. There is no
    normalisation.
    Sizes that are odd are continued by their last row or column.

    Parameters
    ----------
    channels, width, blocks : int

    Zhang, Zuo, Zhang. FFDNet: toward a fast and flexible solution for CNN-based image denoising. IEEE TIP 2018 (the
    split and the map).
    He, Zhang, Ren, Sun. Deep residual learning for image recognition. CVPR 2016 (the blocks).
    """

    def __init__(self, channels: int, width: int = 64, blocks: int = 5) -> None:
        super().__init__()
        self.channels = channels
        self.first = nn.Conv2d(5 * channels, width, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
        self.last = nn.Conv2d(width, 4 * channels, 3, padding=1)

    def forward(self, x: Tensor, sigma: Tensor | float) -> Tensor:
        """``x`` is ``(B, C, H, W)`` in [0, 1]; ``sigma`` a number, or a map that can be broadcast to ``x``."""
        height, width = x.shape[-2:]
        odd = (0, width % 2, 0, height % 2)
        level = F.pad(torch.as_tensor(sigma, dtype=x.dtype, device=x.device).expand_as(x), odd, mode="replicate")
        halves = F.pixel_unshuffle(F.pad(x, odd, mode="replicate"), 2)
        made = F.relu(self.first(torch.cat([4 * F.avg_pool2d(level, 2), halves - 0.5], dim=1)))
        noise = F.pixel_shuffle(self.last(self.blocks(made)), 2)[..., :height, :width]
        return x - noise
