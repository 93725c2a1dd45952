"""A small U-net."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.networks.layers import Convolution, resize_to

__all__ = ["UNet"]

POOLS = (F.max_pool1d, F.max_pool2d, F.max_pool3d)


class UNet(nn.Module):
    """Two convolutions at every level on the way down and up, skips by concatenation, one width throughout.

    ``(B, given, *spatial)`` to ``(B, made, *spatial)``, for any size; no normalisation and no last nonlinearity, so
    that an element of the output depends on no more than what is within ``reach`` of it. Small inputs get fewer levels.

    Parameters
    ----------
    dims : int
        1, 2 or 3.
    given, made : int
        Channels of the input and of the output.
    size : sequence of int
        Spatial size of what it is trained on, for the number of levels.
    width : int
        Channels at every level.
    levels : int
        Times the size is halved.

    Notes
    -----
    Ronneberger, Fischer, Brox. U-Net. MICCAI 2015.
    """

    def __init__(self, dims: int, given: int, made: int, size: Sequence[int], *, width: int, levels: int) -> None:
        super().__init__()
        levels = max(0, min(levels, (min(size) // 2).bit_length() - 1))
        self.dims = dims
        self.first = _block(dims, given, width)
        self.down = nn.ModuleList(_block(dims, width, width) for _ in range(levels))
        self.up = nn.ModuleList(_block(dims, 2 * width, width) for _ in range(levels))
        self.head = Convolution(dims, width, made, kernel=1)

    @property
    def grid(self) -> int:
        """Side of the coarsest level's elements: tiles whose sides are multiples of it see one grid."""
        levels: int = len(self.down)
        return 1 << levels

    @property
    def reach(self) -> int:
        """An element of the output depends on no input farther away than this; a multiple of ``grid``."""
        levels = len(self.down)
        convolved: int = sum(2**level * (2 if level == levels else 4) for level in range(levels + 1))
        resampled = 2 * self.grid  # pooling and its undoing each look up to a coarse element aside
        return self.grid * math.ceil((convolved + resampled) / self.grid)

    def whole(self, tile: int) -> int:
        """The side of tiles of about ``tile`` elements that leave no seams."""
        return max(self.grid, tile // self.grid * self.grid)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        passed = []
        for block in self.down:
            passed.append(x)
            x = block(POOLS[self.dims - 1](x, 2, ceil_mode=True))
        for block in self.up:
            across = passed.pop()
            x = block(torch.cat([resize_to(x, across.shape[2:], smooth=False), across], dim=1))
        made: Tensor = self.head(x)
        return made


def _block(dims: int, given: int, made: int) -> nn.Sequential:
    return nn.Sequential(
        Convolution(dims, given, made), nn.LeakyReLU(0.1), Convolution(dims, made, made), nn.LeakyReLU(0.1)
    )
