"""A network of small receptive field whose inputs are an image, its noise level and its scale."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from oneself.networks.layers import Convolution

__all__ = ["Denoiser", "sinusoids"]

EMBEDDED = 32
SLOWEST, QUICKEST = 0.25, 8.0  # turns of the sinusoids per unit


def sinusoids(place: Tensor, count: int = EMBEDDED) -> Tensor:
    """Sines and cosines of numbers of the order of 1 at ``count / 2`` frequencies, ``(B, count)``."""
    frequencies = torch.exp(torch.linspace(math.log(SLOWEST), math.log(QUICKEST), count // 2, device=place.device))
    angles = place[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class FiLM(nn.Module):
    """``x + B gelu(A ((1 + a) x + b))`` with a 3x3 convolution ``A``, a 1x1 convolution ``B``, and ``a, b`` of each
    channel by what is told."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.told = nn.Linear(width, 2 * width)
        self.spread = Convolution(2, width, width, border="zeros", dilation=dilation)
        self.back = nn.Conv2d(width, width, 1)
        _silence(self.told)
        _silence(self.back)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        a, b = self.told(embedding)[..., None, None].chunk(2, dim=1)
        made: Tensor = x + self.back(nn.functional.gelu(self.spread(torch.addcmul(x + b, x, a))))
        return made


class Denoiser(nn.Module):
    """``layers`` 3x3 convolutions, some in the middle of which see twice as far: every element sees ``2 (layers +
    dilated) + 1`` along each axis. The border is known as such: a further channel is 1 inside, and everything is 0
    beyond. Begins by telling 0.

    Parameters
    ----------
    channels, width, layers : int
        Of the picture, of the hidden layers, and how many convolutions.
    scales : int
        How many scales it is told apart.
    dilated : int
        How many of the convolutions, less than ``layers``, skip every other element.
    """

    def __init__(self, channels: int, width: int, layers: int, scales: int, dilated: int = 0) -> None:
        super().__init__()
        self.margin, self.scales = layers + dilated, scales
        self.embed = nn.Sequential(nn.Linear(EMBEDDED + scales, width), nn.GELU(), nn.Linear(width, width), nn.GELU())
        self.first = Convolution(2, channels + 1, width, border="zeros")
        first = (layers - dilated) // 2
        self.blocks = nn.ModuleList(FiLM(width, 2 if first <= k < first + dilated else 1) for k in range(layers - 1))
        self.last = nn.Conv2d(width, channels, 1)
        _silence(self.last)

    def forward(self, x: Tensor, level: Tensor, scale: Tensor) -> Tensor:
        """``x`` is ``(B, C, H, W)``; ``level``, of the order of 1, and the whole numbers ``scale`` are ``(B,)``."""
        known = (scale[:, None] == torch.arange(self.scales, device=x.device)).to(x)  # one_hot would ask the host
        embedding = self.embed(torch.cat([sinusoids(level), known], dim=1))
        made = self.first(torch.cat([x, torch.ones_like(x[:, :1])], dim=1))
        for block in self.blocks:
            made = block(made, embedding)
        told: Tensor = self.last(made)
        return told


def _silence(layer: nn.Linear | nn.Conv2d) -> None:
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
