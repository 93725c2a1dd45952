"""A network whose every output is blind to its own element of the input."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["BlindNetwork"]

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
SUMS = (F.conv1d, F.conv2d, F.conv3d)


class BlindNetwork(nn.Module):
    """``y`` to ``x``, ``(B, C, *spatial)`` both, where no ``x`` depends on the ``y`` of its own place.

    The first convolution has ``2 r + 1`` elements a side and none in its middle; the others have 3 that lie ``r + 1``
    apart. An offset within ``r`` that is not 0 never adds up to 0 with multiples of ``r + 1``: so all elements but
    those at such multiples are seen, and the middle never is. Every element teaches at every step, where hiding
    some behind others lets a few of them do so. It adds to the mean of the neighbours, and beyond the border it sees
    zeros (what is reflected there would be seen twice).

    Parameters
    ----------
    dims, channels : int
        Dimensions, and channels of input and output.
    width, layers : int
        Channels, and how many convolutions follow the first.
    shared : bool
        Blind to the place in all channels. Otherwise an output is blind to its own channel there, and sees the others:
        each channel is asked for by itself, with the others after it in turn.
    inner : int
        ``r``.

    Notes
    -----
    Wu, Liu, Cao, Ren, Zuo. Unpaired learning of deep image denoising. ECCV 2020.
    Laine, Karras, Lehtinen, Aila. High-quality self-supervised deep image denoising. NeurIPS 2019.
    """

    middle: Tensor
    ring: Tensor

    def __init__(self, dims: int, channels: int, *, width: int, layers: int, shared: bool, inner: int = 3) -> None:
        super().__init__()
        self.dims, self.channels, self.inner = dims, channels, inner
        self.shared = shared or channels == 1
        made = channels if self.shared else 1
        kind, side = CONVOLUTIONS[dims - 1], 2 * inner + 1
        self.first = kind(2 * channels, width, side, padding=inner)
        self.mixing = nn.ModuleList(kind(width, width, 1) for _ in range(layers))
        self.far = nn.ModuleList(kind(width, width, 3, padding=inner + 1, dilation=inner + 1) for _ in range(layers))
        last = kind(width, made, 1)
        for parameter in last.parameters():
            nn.init.zeros_(parameter)  # it begins as the mean of the neighbours
        self.head = nn.Sequential(kind(width * (layers + 1), width, 1), nn.LeakyReLU(0.1), last)
        middle = torch.ones(1, 2 * channels, *([side] * dims))
        middle[0, :made].flatten(1)[:, side**dims // 2] = 0
        ring = torch.ones(1, 1, *([3] * dims))
        ring[(0, 0, *([1] * dims))] = 0
        self.register_buffer("middle", middle, persistent=False)
        self.register_buffer("ring", ring, persistent=False)

    @property
    def reach(self) -> int:
        """An element of the output depends on no input farther away than this."""
        return self.inner + (self.inner + 1) * len(self.far)

    def forward(self, y: Tensor) -> Tensor:
        if self.shared:
            return self._seen(y, 0)
        return torch.cat([self._seen(y.roll(-channel, 1), channel) for channel in range(self.channels)], dim=1)

    def _seen(self, y: Tensor, channel: int) -> Tensor:
        """What is made for the first channel of ``y``, which was the picture's ``channel``; or for all."""
        told = torch.zeros_like(y)
        told[:, channel] = 1  # which one it is, and, by the zeros beyond, where the border is
        x = torch.cat([y, told], dim=1)
        x = SUMS[self.dims - 1](x, self.first.weight * self.middle, self.first.bias, padding=self.inner)
        passed = [F.leaky_relu(x, 0.1)]
        for mixing, far in zip(self.mixing, self.far, strict=True):
            x = x + far(F.leaky_relu(mixing(passed[-1]), 0.1))
            passed.append(F.leaky_relu(x, 0.1))
        more: Tensor = self.head(torch.cat(passed, dim=1))
        return self._around(y[:, : more.shape[1]]) + more

    def _around(self, y: Tensor) -> Tensor:
        """The mean of every element's neighbours."""
        flat = y.reshape(-1, 1, *y.shape[2:])
        total = SUMS[self.dims - 1](torch.cat([flat, torch.ones_like(flat[:1])]), self.ring, padding=1)
        return (total[:-1] / total[-1:].clamp(min=1)).reshape(y.shape)

    def whole(self, tile: int) -> int:
        """The side of tiles of about ``tile`` elements that leave no seams: any."""
        return tile
