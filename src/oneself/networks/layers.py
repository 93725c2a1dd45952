"""Layers by number of dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from oneself.imaging.cropping import reflected

__all__ = ["INTERPOLATION", "Border", "Convolution", "normalisation", "resize_to"]

INTERPOLATION: dict[int, Literal["linear", "bilinear", "trilinear"]] = {1: "linear", 2: "bilinear", 3: "trilinear"}


def normalisation(dims: int, channels: int) -> nn.Module:
    """Batch normalisation by the statistics at hand, never running ones, so that looking changes nothing."""
    kind = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[dims - 1]
    return kind(channels, track_running_stats=False)


Border = Literal["reflect", "zeros", "valid"]


class Convolution(nn.Module):
    """A convolution that keeps the size (or divides it by ``stride``, rounded up).

    Beyond the border it sees the image reflected (repeated at the edge where a dimension is too short to be
    reflected), or zeros; a ``"valid"`` one sees nothing beyond, and shrinks the image by ``kernel - 1``.
    """

    def __init__(
        self,
        dims: int,
        given: int,
        made: int,
        kernel: int = 3,
        stride: int = 1,
        bias: bool = True,
        border: Border = "reflect",
        dilation: int = 1,
    ) -> None:
        super().__init__()
        kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[dims - 1]
        reach = dilation * (kernel // 2)
        self.margin = reach if border == "reflect" else 0
        padding = reach if border == "zeros" else 0
        self.convolution = kind(given, made, kernel, stride=stride, padding=padding, dilation=dilation, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.convolution(reflected(x, self.margin))
        return made


def resize_to(x: Tensor, size: Sequence[int], smooth: bool = True) -> Tensor:
    """``x`` at another spatial size, by linear or nearest interpolation."""
    size = tuple(size)
    if tuple(x.shape[2:]) == size:
        return x
    if smooth:
        return F.interpolate(x, size=size, mode=INTERPOLATION[x.ndim - 2], align_corners=False)
    return F.interpolate(x, size=size, mode="nearest")
