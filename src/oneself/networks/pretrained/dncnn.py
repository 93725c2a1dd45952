"""DnCNN: a chain of convolutions that tells the noise."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["DeviationNorm", "DnCNN", "ScaleNorm"]


class ScaleNorm(nn.Module):
    """Batch normalisation without a mean or an offset: ``weight * x / (sqrt(running_var) + eps)``, so that what is
    scaled stays scaled. Always by the statistics of the training.

    Mohan, Kadkhodaie, Simoncelli, Fernandez-Granda. Robust and interpretable blind image denoising via bias-free
    convolutional neural networks. ICLR 2020.
    """

    running_var: Tensor

    def __init__(self, width: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps, self.weight = eps, nn.Parameter(torch.ones(width))
        self.register_buffer("running_var", torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * (self.weight / (self.running_var.sqrt() + self.eps)).reshape(1, -1, 1, 1)


class DeviationNorm(nn.Module):
    """The same with the standard deviation itself, ``weight * x / deviation``, each ``(1, C, 1, 1)``.

    Kadkhodaie, Guth, Mallat, Simoncelli. Learning multi-scale local conditional probability models of images. ICLR
    2023.
    """

    deviation: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, width, 1, 1))
        self.register_buffer("deviation", torch.ones(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * (self.weight / self.deviation)


class DnCNN(nn.Module):
    """``x - f(x)``, ``f`` being ``depth`` 3x3 convolutions of 64 channels with ReLUs between; zeros beyond the border.

    Parameters
    ----------
    depth : int
    bias : bool
        Whether the convolutions have offsets.
    norm : str
        Between the inner convolutions and their ReLUs: ``"none"`` (or merged into them), ``"batch"``, ``"scale"``
        or ``"deviation"``.
    linear_first : bool
        Whether no ReLU follows the first convolution.
    channels, width : int

    Zhang, Zuo, Chen, Meng, Zhang. Beyond a Gaussian denoiser: residual learning of deep CNN for image denoising. IEEE
    TIP 2017.
    """

    def __init__(
        self,
        depth: int,
        *,
        bias: bool,
        norm: Literal["none", "batch", "scale", "deviation"] = "none",
        linear_first: bool = False,
        channels: int = 1,
        width: int = 64,
    ) -> None:
        super().__init__()
        self.linear_first = linear_first
        sizes = [channels, *[width] * (depth - 1), channels]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(sizes[i], sizes[i + 1], 3, padding=1, bias=bias) for i in range(depth)
        )
        kinds = {"none": nn.Identity, "batch": nn.BatchNorm2d, "scale": ScaleNorm, "deviation": DeviationNorm}
        kind = kinds[norm]
        self.norms = nn.ModuleList(kind(width) for _ in range(depth - 2))

    def forward(self, x: Tensor) -> Tensor:
        first, *inner, last = self.convolutions
        made = first(x) if self.linear_first else F.relu(first(x))
        for convolution, norm in zip(inner, self.norms, strict=True):
            made = F.relu(norm(convolution(made)))
        clean: Tensor = x - last(made)
        return clean
