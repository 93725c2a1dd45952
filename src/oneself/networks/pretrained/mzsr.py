"""The network of MZSR: a chain of convolutions that adds what an enlarged picture lacks."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["MZSRNet"]


class MZSRNet(nn.Module):
    """``x + f(x)``, ``f`` being ``depth`` 3x3 convolutions with ReLUs between; zeros beyond the border. ``x`` is a
    picture that cubic interpolation has enlarged.

    Soh, Cho, Cho. Meta-transfer learning for zero-shot super-resolution. CVPR 2020.
    """

    def __init__(self, channels: int = 3, width: int = 64, depth: int = 8) -> None:
        super().__init__()
        sizes = [channels, *[width] * (depth - 1), channels]
        self.convolutions = nn.ModuleList(nn.Conv2d(sizes[i], sizes[i + 1], 3, padding=1) for i in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        made = x
        for convolution in self.convolutions[:-1]:
            made = F.relu(convolution(made))
        whole: Tensor = x + self.convolutions[-1](made)
        return whole
