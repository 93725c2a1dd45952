"""Convolutions that look at patches only: no padding, a known receptive field."""

from __future__ import annotations

from torch import nn

from oneself.networks.layers import Convolution, normalisation

__all__ = ["patchwise"]

SPREAD = 0.02  # standard deviation of the weights at first, where they are normalised


def patchwise(
    dims: int,
    given: int,
    made: int,
    *,
    width: int,
    layers: int,
    kernel: int = 3,
    slope: float = 0.2,
    batch_norm: bool = False,
) -> nn.Sequential:
    """``layers`` valid convolutions from ``given`` to ``made`` channels, with leaky ReLUs between.

    Every element of the result sees ``layers * (kernel - 1) + 1`` elements along each axis, and the image shrinks by
    one less. ``batch_norm`` puts batch normalisation (of the image at hand) behind all but the last, which makes that
    true up to one mean and deviation a channel.
    """
    parts: list[nn.Module] = []
    for number in range(layers - 1):
        parts.append(Convolution(dims, given if number == 0 else width, width, kernel, border="valid"))
        if batch_norm:
            parts.append(normalisation(dims, width))
        parts.append(nn.LeakyReLU(slope))
    parts.append(Convolution(dims, width if layers > 1 else given, made, kernel, border="valid"))
    network = nn.Sequential(*parts)
    if batch_norm:
        for module in network.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
                nn.init.normal_(module.weight, std=SPREAD)
    return network
