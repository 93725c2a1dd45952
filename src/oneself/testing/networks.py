"""Networks that come with weights, for methods that cannot do without one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Edges", "Painter", "Smoother", "ToldSmoother"]

CODE = 6  # numbers of a code
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


class Painter(nn.Module):
    """A generator of pictures near one, always the same one: of each code ``(B, 6)`` the picture at a quarter of its
    size, with waves of all channels added to it by the code, smoothly enlarged.

    Parameters
    ----------
    x : Tensor
        The picture, ``(1, C, H, W)`` in [0, 1].
    """

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.latent, size = (CODE,), (max(2, x.shape[2] // 4), max(2, x.shape[3] // 4))
        small = torch.nn.functional.adaptive_avg_pool2d(x, size).clamp(0.02, 0.98)
        waves = torch.arange(small[0].numel()).outer(torch.arange(1, CODE + 1)).mul(0.37).sin() / 2
        paint = nn.Linear(CODE, small[0].numel())
        with torch.no_grad():
            paint.weight.copy_(waves)
            paint.bias.copy_(torch.logit(small).flatten())
        bend = nn.Sequential(nn.Sigmoid(), nn.Unflatten(1, tuple(small.shape[1:])))
        self.blocks = nn.ModuleList([paint, bend, nn.Upsample(tuple(x.shape[2:]), mode="bilinear")])
        self.eval()

    def forward(self, z: Tensor) -> Tensor:
        for block in self.blocks:
            z = block(z)
        return z


class Edges(nn.Module):
    """A discriminator whose only hidden layer sees edges of pictures of ``channels``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.edges = nn.Conv2d(channels, 2, 3, bias=False)
        with torch.no_grad():
            self.edges.weight.copy_(torch.linspace(-1, 1, self.edges.weight.numel()).reshape(self.edges.weight.shape))
        self.eval()

    def features(self, x: Tensor) -> list[Tensor]:
        return [self.edges(x).relu()]

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x)[0].mean((1, 2, 3)).sigmoid()


class ToldSmoother(Smoother):
    """One that is told the noise level: the more of it, the more it blurs."""

    def forward(self, x: Tensor, sigma: float) -> Tensor:  # type: ignore[override]
        return torch.lerp(x, super().forward(x), sigma / (sigma + HALFWAY))
