"""A fixed code that is to explain the measurement."""

from __future__ import annotations

import torch
from torch import Tensor

from oneself.core import Example, Input

__all__ = ["Code", "Fixed"]

HIGHEST = 0.1  # value of a code


class Fixed(Input):
    """A fixed input ``z``, plus fresh Gaussian jitter at every step; the target is the measurement.

    Parameters
    ----------
    y : Tensor
        The measurement.
    z : Tensor
        What the network is given.
    jitter : float
        Standard deviation of the jitter.
    where : Tensor or None
        Which elements of the measurement count.
    """

    y: Tensor
    where: Tensor | None
    z: Tensor

    def __init__(self, y: Tensor, z: Tensor, jitter: float = 0.0, where: Tensor | None = None) -> None:
        super().__init__()
        self.jitter = jitter
        self.register_buffer("y", y, persistent=False)
        self.register_buffer("where", where, persistent=False)
        self.register_buffer("z", z)

    def forward(self) -> Example:
        z = self.z + self.jitter * torch.randn_like(self.z) if self.jitter else self.z
        return Example((z,), self.y, self.where)

    def evaluation_example(self) -> Example:
        return Example((self.z,), self.y, self.where)


class Code(Fixed):
    """``z ~ U(0, 0.1)``, as published for the deep image prior.

    Parameters
    ----------
    y, jitter, where
        As of ``Fixed``.
    size : tuple of int
        Spatial size of the code.
    channels : int
        Channels of the code.
    """

    def __init__(
        self,
        y: Tensor,
        size: tuple[int, ...],
        channels: int,
        jitter: float,
        where: Tensor | None = None,
    ) -> None:
        super().__init__(y, HIGHEST * torch.rand(1, channels, *size, device=y.device), jitter, where)
