"""A network of small receptive field that is told how noisy its input is, and at which scale."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from oneself.networks.layers import Convolution

__all__ = ["Denoiser", "sinusoids"]

EMBEDDED = 32


def sinusoids(place: Tensor, count: int = EMBEDDED) -> Tensor:
    """Sines and cosines of places in [0, 1] at ``count / 2`` frequencies from 1 to 1000, ``(B, count)``."""
    frequencies = torch.exp(torch.linspace(0, math.log(1000), count // 2, device=place.device))
    angles = place[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Block(nn.Module):
    """``1x1(x) + f(depthwise 5x5(x) + e)`` with two 3x3 convolutions in ``f``: sees 9 elements along each axis."""

    def __init__(self, given: int, made: int, embedded: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(given, given, 5, padding=2, groups=given)
        self.told = nn.Linear(embedded, given)
        self.body = nn.Sequential(
            Convolution(2, given, made, border="zeros"), nn.GELU(), Convolution(2, made, made, border="zeros")
        )
        self.past = nn.Conv2d(given, made, 1) if given != made else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        made: Tensor = self.past(x) + self.body(self.spread(x) + self.told(embedding)[..., None, None])
        return made


class Denoiser(nn.Module):
    """``blocks`` blocks and a 3x3 convolution: every element sees ``8 * blocks + 3`` along each axis. The border is
    zeros, so that any size can be given and the border is known as such.

    Parameters
    ----------
    channels, width, blocks : int
    """

    def __init__(self, channels: int, width: int, blocks: int) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(2 * EMBEDDED, width), nn.GELU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(Block(width if k else channels, width, width) for k in range(blocks))
        self.last = nn.Sequential(nn.GELU(), Convolution(2, width, channels, border="zeros"))

    def forward(self, x: Tensor, time: Tensor, scale: Tensor) -> Tensor:
        """``x`` is ``(B, C, H, W)``; ``time`` and ``scale``, ``(B,)``, are in [0, 1]."""
        embedding = self.embed(torch.cat([sinusoids(time), sinusoids(scale)], dim=1))
        for block in self.blocks:
            x = block(x, embedding)
        made: Tensor = self.last(x)
        return made
