"""Convolutions with large kernels, one channel each, between which channels are mixed element by element."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.networks.depthwise import Depthwise

__all__ = ["ConvNeXt"]

WAVES = 16  # features of each number that the network is told
FINEST = 8.0  # of their frequencies


class Block(nn.Module):
    """``x + W₂ gelu(W₁ norm(k * x + b(told)))``: ``k`` has one kernel a channel, the norm is over channels alone."""

    def __init__(self, dims: int, width: int, kernel: int, told: int, grow: int) -> None:
        super().__init__()
        kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[dims - 1]
        self.spread = Depthwise(dims, width, kernel)
        self.shift = nn.Linear(told, width)
        self.norm = nn.LayerNorm(width)
        self.first, self.second = kind(width, grow * width, 1), kind(grow * width, width, 1)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        shift = self.shift(told)
        seen = self.spread(x).movedim(1, -1) + shift.reshape(len(shift), *[1] * (x.ndim - 2), -1)
        made = _mixed(F.gelu(_mixed(self.norm(seen), self.first)), self.second)
        return x + made.movedim(-1, 1)


def _mixed(x: Tensor, mixer: nn.Conv1d | nn.Conv2d | nn.Conv3d) -> Tensor:
    """A convolution with kernels of one element, of channels along the last axis: where they lie in memory."""
    return F.linear(x, mixer.weight.flatten(1), mixer.bias)


class ConvNeXt(nn.Module):
    """From ``(B, given, *spatial)`` and ``(B, numbers)`` to ``(B, made, *spatial)``, for any size.

    There is neither pooling nor attention: every element of the result sees ``blocks * (kernel - 1) + 1`` elements
    along each axis, and zeros beyond the border. It begins with the answer 0.

    Parameters
    ----------
    dims : int
        1, 2 or 3.
    given, made : int
        Channels of the input and of the output.
    numbers : int
        How many numbers it is told beside the image, such as the level of the noise.
    width, blocks, kernel : int
        Channels, residual blocks, side of their kernels (odd).
    grow : int
        How many times wider a block is inside.

    Notes
    -----
    Liu, Mao, Wu, Feichtenhofer, Darrell, Xie. A ConvNet for the 2020s. CVPR 2022.
    """

    waves: Tensor

    def __init__(
        self,
        dims: int,
        given: int,
        made: int,
        numbers: int = 1,
        *,
        width: int,
        blocks: int,
        kernel: int = 7,
        grow: int = 2,
    ) -> None:
        super().__init__()
        kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[dims - 1]
        self.reach = blocks * (kernel // 2)
        told = 2 * width
        frequencies = torch.logspace(0, math.log10(FINEST), WAVES // 2)
        self.register_buffer("waves", frequencies, persistent=False)
        self.embedding = nn.Sequential(nn.Linear(numbers * WAVES, told), nn.GELU(), nn.Linear(told, told), nn.GELU())
        self.enter, self.leave = kind(given, width, 1), kind(width, made, 1)
        self.blocks = nn.ModuleList(Block(dims, width, kernel, told, grow) for _ in range(blocks))
        nn.init.zeros_(self.leave.weight)
        assert self.leave.bias is not None
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: Tensor, numbers: Tensor) -> Tensor:
        angles = (numbers[..., None] * self.waves).flatten(1)
        told = self.embedding(torch.cat([angles.sin(), angles.cos()], dim=1))
        x = self.enter(x)
        for block in self.blocks:
            x = block(x, told)
        made: Tensor = self.leave(x)
        return made
