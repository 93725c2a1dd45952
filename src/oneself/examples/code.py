"""A fixed random code that is to explain the measurement."""

from __future__ import annotations

import torch
from torch import Tensor

from oneself.core import Example, Input

__all__ = ["Code"]


class Code(Input):
    """``z ~ U(0, scale)`` of the image's size, fixed, plus fresh Gaussian jitter at every step; the target is ``y``.

    Parameters
    ----------
    y : Tensor
        The measurement.
    size : tuple of int
        Spatial size of the image.
    channels : int
        Channels of the code.
    jitter : float
        Standard deviation of the jitter.
    where : Tensor or None
        Which elements of the measurement count.
    """

    y: Tensor
    where: Tensor | None
    z: Tensor

    def __init__(
        self,
        y: Tensor,
        size: tuple[int, ...],
        channels: int,
        jitter: float,
        where: Tensor | None = None,
        scale: float = 0.1,
    ) -> None:
        super().__init__()
        self.jitter = jitter
        self.register_buffer("y", y, persistent=False)
        self.register_buffer("where", where, persistent=False)
        self.register_buffer("z", scale * torch.rand(1, channels, *size, device=y.device))

    def forward(self) -> Example:
        z = self.z + self.jitter * torch.randn_like(self.z) if self.jitter else self.z
        return Example((z,), self.y, self.where)

    def still(self) -> Example:
        return Example((self.z,), self.y, self.where)
