"""A blur as a network, and a discriminator of patches."""

from __future__ import annotations

import itertools

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

__all__ = ["DeepBlur", "patch_discriminator"]


class DeepBlur(nn.Module):
    """A kernel as the composition of linear convolutions of many channels: ``DeepBlur(32)() -> (1, 1, side, side)``.

    What the layers do to a picture is one convolution, whose kernel is theirs one after another: it is found by leading
    one sample of the result back to what of the picture is in it, which costs the same whatever the picture's size.

    Parameters
    ----------
    width : int
        Channels between the layers.
    sides : sequence of int
        Of their kernels; the whole has side ``sum(sides) - len(sides) + 1``.
    """

    def __init__(self, width: int, sides: tuple[int, ...] = (7, 5, 3, 1, 1, 1)) -> None:
        super().__init__()
        channels = [1, *[width] * (len(sides) - 1), 1]
        ends = zip(itertools.pairwise(channels), sides, strict=True)
        self.layers = nn.Sequential(*(nn.Conv2d(a, b, side, bias=False) for (a, b), side in ends))
        for weight in self.layers.parameters():
            nn.init.normal_(weight, std=weight[0].numel() ** -0.5)
        self.side = sum(sides) - len(sides) + 1

    def forward(self) -> Tensor:
        *_, last = self.layers.parameters()
        made = last.new_ones(1, 1, 1, 1)
        for weight in reversed(list(self.layers.parameters())):
            made = F.conv_transpose2d(made, weight)
        return made.flip(2, 3)  # layers correlate, a blur convolves


def patch_discriminator(channels: int, width: int, layers: int, side: int = 7) -> nn.Sequential:
    """Real or generated, for every patch: ``(B, C, H, W)`` to ``(B, 1, H - side + 1, W - side + 1)`` in (0, 1).

    One convolution that sees, ``layers - 2`` that think about each patch alone, all of bounded gain; a sigmoid.
    """
    made: list[nn.Module] = [spectral_norm(nn.Conv2d(channels, width, side)), nn.LeakyReLU(0.2)]
    for _ in range(layers - 2):
        made += [spectral_norm(nn.Conv2d(width, width, 1)), nn.GroupNorm(width, width), nn.LeakyReLU(0.2)]
    return nn.Sequential(*made, spectral_norm(nn.Conv2d(width, 1, 1)), nn.Sigmoid())
