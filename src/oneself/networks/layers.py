"""Layers by number of dimensions."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["INTERPOLATION", "Convolution", "normalisation", "resize_to"]

INTERPOLATION: dict[int, Literal["linear", "bilinear", "trilinear"]] = {1: "linear", 2: "bilinear", 3: "trilinear"}


def normalisation(dims: int, channels: int) -> nn.Module:
    """Batch normalisation by the statistics at hand, never running ones, so that looking changes nothing."""
    kind = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[dims - 1]
    return kind(channels, track_running_stats=False)


class Convolution(nn.Module):
    """A convolution that keeps the size (or divides it by ``stride``, rounded up), padded by reflection.

    Where a dimension is too short to be reflected its edge is repeated.
    """

    def __init__(
        self, dims: int, given: int, made: int, kernel: int = 3, stride: int = 1, bias: bool = True, reflect: bool = True
    ) -> None:
        super().__init__()
        kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[dims - 1]
        self.margin, self.dims, self.reflect = kernel // 2, dims, reflect
        padding = 0 if reflect else self.margin
        self.convolution = kind(given, made, kernel, stride=stride, padding=padding, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.reflect and self.margin:
            room = min(x.shape[2:]) > self.margin
            x = F.pad(x, (self.margin,) * (2 * self.dims), mode="reflect" if room else "replicate")
        made: Tensor = self.convolution(x)
        return made


def resize_to(x: Tensor, like: Tensor, smooth: bool = True) -> Tensor:
    """``x`` at the spatial size of ``like``, by linear or nearest interpolation."""
    size = like.shape[2:]
    if x.shape[2:] == size:
        return x
    if smooth:
        return F.interpolate(x, size=size, mode=INTERPOLATION[x.ndim - 2], align_corners=False)
    return F.interpolate(x, size=size, mode="nearest")


