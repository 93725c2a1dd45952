"""A few convolutions one after another."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from oneself.networks.layers import Border, Convolution

__all__ = ["Residual", "plain"]


def plain(
    dims: int,
    channels: int,
    *,
    width: int,
    layers: int,
    last_kernel: int = 3,
    slope: float = 0.0,
    bias: bool = True,
    border: Border = "reflect",
) -> nn.Sequential:
    """``layers`` convolutions of ``width`` channels with (leaky) ReLUs between, from and to ``channels``."""
    made: list[nn.Module] = []
    given = channels
    for _ in range(layers - 1):
        made += [Convolution(dims, given, width, bias=bias, border=border), nn.LeakyReLU(slope)]
        given = width
    return nn.Sequential(*made, Convolution(dims, given, channels, last_kernel, bias=bias, border=border))


class Residual(nn.Module):
    """``x + sign * f(x)``: the network predicts what to add (or the noise to take away)."""

    def __init__(self, network: nn.Module, sign: float = 1.0) -> None:
        super().__init__()
        self.network, self.sign = network, sign

    def forward(self, x: Tensor) -> Tensor:
        return torch.add(x, self.network(x), alpha=self.sign)
