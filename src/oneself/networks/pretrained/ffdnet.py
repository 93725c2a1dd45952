"""FFDNet: a denoiser that is told the noise level."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["FFDNet"]


class FFDNet(nn.Module):
    """Convolutions on the four half-size pictures that a picture interleaves, beside a map of the noise level.

    The first sees ``channels`` maps of the level, then the half-size pictures of every channel in turn; the last gives
    the noise in the same order. The inner convolutions are followed by batch normalisation. Sizes that are odd are
    continued by their last row or column.

    Zhang, Zuo, Zhang. FFDNet: toward a fast and flexible solution for CNN-based image denoising. IEEE TIP 2018.
    """

    def __init__(self, channels: int, width: int, depth: int) -> None:
        super().__init__()
        sizes = [5 * channels, *[width] * (depth - 1), 4 * channels]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(sizes[i], sizes[i + 1], 3, padding=1, bias=False) for i in range(depth)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(depth - 2))

    def forward(self, x: Tensor, sigma: Tensor | float) -> Tensor:
        """``x`` is ``(B, C, H, W)`` in [0, 1]; ``sigma`` a number, or a map that can be broadcast to ``x``."""
        height, width = x.shape[-2:]
        odd = (0, width % 2, 0, height % 2)
        level = F.pad(torch.as_tensor(sigma, dtype=x.dtype, device=x.device).expand_as(x), odd, mode="replicate")
        halves = F.pixel_unshuffle(F.pad(x, odd, mode="replicate"), 2)
        first, *inner, last = self.convolutions
        made = F.relu(first(torch.cat([level[..., ::2, ::2], halves], dim=1)))
        for convolution, norm in zip(inner, self.norms, strict=True):
            made = F.relu(norm(convolution(made)))
        return x - F.pixel_shuffle(last(made), 2)[..., :height, :width]
