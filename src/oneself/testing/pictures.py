"""Small real pictures: those that scikit-image ships, never downloaded."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["noisy", "picture"]


@cache
def _astronaut() -> Tensor:
    from skimage.data import astronaut

    return torch.from_numpy(astronaut()).permute(2, 0, 1)[None] / 255


def picture(*size: int, channels: int = 3, shrink: int | None = None) -> Tensor:
    """A part of the portrait ``skimage.data.astronaut``, ``(1, channels, *size)`` in [0, 1].

    In 1D a row of it; in 3D a stack of neighbouring parts. The picture is shrunk by ``shrink`` before; unless given,
    the more the smaller the part is, so that there is something to be seen on it.
    """
    height, width = (1, *size)[-2:]
    shrink = shrink or max(1, min(8, 320 // max(height, width)))
    whole = F.avg_pool2d(_astronaut(), shrink)
    whole = whole if channels == 3 else whole.mean(1, keepdim=True).expand(-1, channels, -1, -1)
    top, left = (max(0, (n - s) // 2) for n, s in zip(whole.shape[2:], (height, width), strict=True))
    rows = [
        whole[..., top + k : top + k + height, left : left + width] for k in range(size[0] if len(size) == 3 else 1)
    ]
    cut = torch.stack(rows, dim=2) if len(size) == 3 else rows[0]
    return cut.reshape(1, channels, *size).clone()


def noisy(x: Tensor, sigma: float, seed: int = 0) -> Tensor:
    """White Gaussian noise added, the same for the same seed; values may leave [0, 1]."""
    return x + sigma * torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))
