"""The hourglass with skip connections."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from oneself.networks.layers import Convolution, normalisation, resize_to

__all__ = ["Skip"]


class Skip(nn.Module):
    """Encoder-decoder with thin skip connections, for any size of input.

    A level halves the size (stride-2 convolution), goes deeper, comes back by interpolation, joins ``skip``
    channels taken across, and convolves. Small inputs get fewer levels: at least two elements remain along every
    dimension that had them.

    Parameters
    ----------
    dims : int
        1, 2 or 3.
    given, made : int
        Channels of the input and of the output.
    size : sequence of int
        Spatial size, for the number of levels.
    widths : sequence of int
        Channels of each level.
    skip : int
        Channels across; 0 for none.
    smooth : bool
        Linear interpolation on the way up; nearest otherwise.
    kernel : int
        Side of the convolutions' kernels; 1 where the input says of every element where it is.

    Raises
    ------
    ValueError
        No dimension has 3 elements: halved, there is only one, which has no statistics to normalise by.

    Notes
    -----
    Ulyanov, Vedaldi, Lempitsky. Deep image prior. CVPR 2018.
    """

    def __init__(
        self,
        dims: int,
        given: int,
        made: int,
        size: Sequence[int],
        widths: Sequence[int],
        skip: int,
        smooth: bool = True,
        kernel: int = 3,
    ) -> None:
        super().__init__()
        if max(size) < 3:
            raise ValueError(f"Skip(size={tuple(size)}): nothing is left to halve. Give at least 3 elements an axis.")
        levels = max(1, min(len(widths), (min(size) // 4).bit_length()))
        self.body = _Level(dims, given, list(widths[:levels]), skip, smooth, kernel)
        self.head = nn.Sequential(Convolution(dims, widths[0], made, kernel=1), nn.Sigmoid())

    def forward(self, z: Tensor) -> Tensor:
        x: Tensor = self.head(self.body(z))
        return x


def _block(dims: int, given: int, made: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    convolution = Convolution(dims, given, made, kernel, stride)
    return nn.Sequential(convolution, normalisation(dims, made), nn.LeakyReLU(0.2))


class _Level(nn.Module):
    def __init__(self, dims: int, given: int, widths: list[int], skip: int, smooth: bool, kernel: int) -> None:
        super().__init__()
        width, *deeper = widths
        self.down = nn.Sequential(_block(dims, given, width, kernel, stride=2), _block(dims, width, width, kernel))
        self.below = _Level(dims, width, deeper, skip, smooth, kernel) if deeper else None
        self.across = _block(dims, given, skip, kernel=1) if skip else None
        joined = skip + (deeper[0] if deeper else width)
        self.join = normalisation(dims, joined)
        self.up = nn.Sequential(_block(dims, joined, width, kernel), _block(dims, width, width, kernel=1))
        self.smooth = smooth

    def forward(self, x: Tensor) -> Tensor:
        deep = self.down(x)
        if self.below is not None:
            deep = self.below(deep)
        deep = resize_to(deep, x.shape[2:], self.smooth)
        if self.across is not None:
            deep = torch.cat([self.across(x), deep], dim=1)
        out: Tensor = self.up(self.join(deep))
        return out
