"""A network that comes with weights, for methods that cannot do without one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Smoother", "ToldSmoother"]

HALFWAY = 0.05  # the noise level at which half of it counts
DIM = 0.9  # of the brightness is left: there is something to adapt


class Smoother(nn.Module):
    """A denoiser of gray pictures that blurs and darkens a little, always the same one.

    Parameters
    ----------
    width : int
        Channels of its hidden layer, which share the work.
    """

    def __init__(self, width: int = 2) -> None:
        super().__init__()
        self.blur = nn.Conv2d(1, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.mean = nn.Conv2d(width, 1, 1)
        with torch.no_grad():
            ramp = torch.tensor([1.0, 2.0, 1.0]) / 4
            self.blur.weight.copy_(torch.outer(ramp, ramp).expand(width, 1, 3, 3))
            self.blur.bias.zero_()  # type: ignore[union-attr]
            self.mean.weight.fill_(DIM / width)
            self.mean.bias.zero_()  # type: ignore[union-attr]
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.mean(self.norm(self.blur(x)))
        return made


class ToldSmoother(Smoother):
    """One that is told the noise level: the more of it, the more it blurs."""

    def forward(self, x: Tensor, sigma: float) -> Tensor:  # type: ignore[override]
        return torch.lerp(x, super().forward(x), sigma / (sigma + HALFWAY))
