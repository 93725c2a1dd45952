"""The small U-net of the bias-free denoisers."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["BlindUNet"]


class BlindUNet(nn.Module):
    """Nine convolutions of 32 and 64 channels, one level down and up again, two of them dilated; gives the picture.

    Sizes that are odd are continued by zeros. The last convolution never has an offset.

    Mohan, Kadkhodaie, Simoncelli, Fernandez-Granda. Robust and interpretable blind image denoising via bias-free
    convolutional neural networks. ICLR 2020.
    """

    def __init__(self, *, bias: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 5, padding=2, bias=bias)
        self.conv2 = nn.Conv2d(32, 32, 3, padding=1, bias=bias)
        self.conv3 = nn.Conv2d(32, 64, 3, stride=2, padding=1, bias=bias)
        self.conv4 = nn.Conv2d(64, 64, 3, padding=1, bias=bias)
        self.conv5 = nn.Conv2d(64, 64, 3, padding=2, dilation=2, bias=bias)
        self.conv6 = nn.Conv2d(64, 64, 3, padding=4, dilation=4, bias=bias)
        self.conv7 = nn.ConvTranspose2d(64, 64, 4, stride=2, padding=1, bias=bias)
        self.conv8 = nn.Conv2d(96, 32, 3, padding=1, bias=bias)
        self.conv9 = nn.Conv2d(32, 1, 5, padding=2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        across = F.relu(self.conv2(F.relu(self.conv1(F.pad(x, (0, width % 2, 0, height % 2))))))
        made = across
        for convolution in (self.conv3, self.conv4, self.conv5, self.conv6, self.conv7):
            made = F.relu(convolution(made))
        made = F.relu(self.conv8(torch.cat([made, across], dim=1)))
        clean: Tensor = self.conv9(made)[..., :height, :width]
        return clean
