"""A U-net whose encoder knows which elements it was shown."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.networks.layers import Convolution, resize_to

__all__ = ["PartialConvolution", "PartialUNet"]

POOLS = (F.max_pool1d, F.max_pool2d, F.max_pool3d)
SUMS = (F.conv1d, F.conv2d, F.conv3d)


class PartialConvolution(nn.Module):
    """``W (x * m) * n / sum(m) + b`` where a window of ``n`` elements has any, 0 elsewhere; the new mask says where.

    Takes and gives ``(x, m)``. The mask that comes in has the channels of ``x`` or one; the one that goes out has one.
    Elements outside the image count as not shown.

    Liu, Reda, Shih, Wang, Tao, Catanzaro. Image inpainting for irregular holes using partial convolutions. ECCV 2018.
    """

    def __init__(self, dims: int, given: int, made: int) -> None:
        super().__init__()
        self.convolution = Convolution(dims, given, made, bias=False, border="zeros")
        self.bias = nn.Parameter(torch.zeros(1, made, *([1] * dims)))
        nn.init.kaiming_normal_(self.convolution.convolution.weight, a=0.1)
        self.dims = dims

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            window = mask.new_ones(1, mask.shape[1], *([3] * self.dims))
            shown = SUMS[self.dims - 1](mask, window, padding=1)
            ratio = torch.where(shown > 0, window.numel() / shown.clamp(min=1e-6), 0.0)
            any_shown = (shown > 0).to(mask)
        return (self.convolution(x * mask) * ratio + self.bias) * any_shown, any_shown


class PartialUNet(nn.Module):
    """Self2Self's network: partial convolutions down, dropout convolutions up; dropout is always on.

    Called with ``(x, mask)``, ``(B, C, *spatial)`` both. Small inputs get fewer levels.

    Parameters
    ----------
    dims, channels : int
        Dimensions, and channels of input and output.
    size : sequence of int
        Spatial size, for the number of levels.
    width : int
        Channels of the encoder; the decoder has twice as many.
    levels : int
        Times the size is halved.
    dropout : float
        Probability of dropping each element before every decoder convolution.

    Notes
    -----
    Quan, Chen, Pang, Ji. Self2Self with dropout. CVPR 2020.
    """

    def __init__(
        self, dims: int, channels: int, size: Sequence[int], *, width: int, levels: int, dropout: float
    ) -> None:
        super().__init__()
        levels = max(1, min(levels, (min(size) // 2).bit_length()))
        self.first = PartialConvolution(dims, channels, width)
        self.down = nn.ModuleList(PartialConvolution(dims, width, width) for _ in range(levels + 1))
        wide = 2 * width
        ends = [(wide, wide)] * (levels - 1) + [(4 * width // 3, 2 * width // 3)]
        given = [width + width] + [wide + width] * (levels - 2) + [(wide if levels > 1 else width) + channels]
        given = given[-levels:]
        self.up = nn.ModuleList(_decoder(dims, g, *made, dropout) for g, made in zip(given, ends, strict=True))
        self.head = nn.Sequential(nn.Dropout(dropout), Convolution(dims, ends[-1][1], channels), nn.Sigmoid())
        self.dims = dims

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        levels = [x * mask]
        x, mask = self.first(x, mask)
        for convolution in self.down[:-1]:
            x, mask = convolution(F.leaky_relu(x, 0.1), mask)
            x, mask = self._pool(F.leaky_relu(x, 0.1)), self._pool(mask)
            levels.append(x)
        x, mask = self.down[-1](levels.pop(), mask)
        x = F.leaky_relu(x, 0.1)
        for block in self.up:
            skip = levels.pop()
            x = block(torch.cat([resize_to(x, skip.shape[2:], smooth=False), skip], dim=1))
        made: Tensor = self.head(x)
        return made

    def _pool(self, x: Tensor) -> Tensor:
        return POOLS[self.dims - 1](x, 2, ceil_mode=True)


def _decoder(dims: int, given: int, middle: int, made: int, dropout: float) -> nn.Sequential:
    # dropout drops for good even in evaluation: the ensemble is made of its draws, so modules stay in training mode
    return nn.Sequential(
        nn.Dropout(dropout),
        Convolution(dims, given, middle),
        nn.LeakyReLU(0.1),
        nn.Dropout(dropout),
        Convolution(dims, middle, made),
        nn.LeakyReLU(0.1),
    )
