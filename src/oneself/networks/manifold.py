"""Frames as points along a curve."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from oneself.networks.decoder import Decoder
from oneself.networks.layers import Convolution, normalisation, resize_to

__all__ = ["FrameDecoder", "helix"]


def helix(frames: int, turns: float) -> Tensor:
    """``(frames, 3)``: a curve that comes back near itself once a turn, so that frames of one phase are neighbours."""
    along = torch.linspace(0, 1, frames) if frames > 1 else torch.zeros(1)
    angle = 2 * torch.pi * turns * along
    return torch.stack([angle.cos(), angle.sin(), along], 1)


class FrameDecoder(nn.Module):
    """A code for each frame, through two layers that map the curve, to pictures by convolutions and enlargement.

    Parameters
    ----------
    codes : int
        Numbers of a frame's code.
    width : int
        Channels of the convolutions.
    made : int
        Channels of a frame.
    size : (int, int)
        Of a frame.
    levels : int
        Enlargements by two from the smallest picture (fewer on small frames).
    hidden : int
        Width of the mapping.

    Notes
    -----
    Yoo, Jin, Gupta, Yerly, Stuber, Unser. Time-dependent deep image prior for dynamic MRI. IEEE TMI 2021.
    """

    def __init__(self, codes: int, width: int, made: int, size: Sequence[int], levels: int, hidden: int = 256) -> None:
        super().__init__()
        self.sizes = Decoder.sizes_to(size, levels)
        first = self.sizes[0]
        self.mapping = nn.Sequential(nn.Linear(codes, hidden), nn.ReLU(), nn.Linear(hidden, first[0] * first[1]))
        given = [1] + [width] * (len(self.sizes) - 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                Convolution(2, channels, width), normalisation(2, width), nn.ReLU(),
                Convolution(2, width, width), normalisation(2, width), nn.ReLU(),
            )
            for channels in given
        )  # fmt: skip
        self.head = Convolution(2, width, made, 1)

    def forward(self, codes: Tensor) -> Tensor:
        """``(frames, codes)`` to ``(1, made, frames, *size)``."""
        x = self.mapping(codes).reshape(len(codes), 1, *self.sizes[0])
        for size, block in zip(self.sizes, self.blocks, strict=True):
            x = block(resize_to(x, size, smooth=False))
        made: Tensor = self.head(x)
        return made.transpose(0, 1)[None]
