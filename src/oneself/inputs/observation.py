"""The measurement itself as the network's input."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from oneself.core import Example, Input

__all__ = ["Observation"]


class Observation(Input):
    """``z = Aᵀy`` and, for the divergence, a probe ``b ~ N(0, I)`` of the measurement's shape, fresh at every step.

    Parameters
    ----------
    y : Tensor
        The measurement.
    A_adjoint : callable
        The operator's transpose, linear.
    jitter : float
        Standard deviation of Gaussian noise that is added to ``y`` in the input at every step; the target keeps ``y``.
    """

    y: Tensor

    def __init__(self, y: Tensor, A_adjoint: Callable[[Tensor], Tensor], jitter: float = 0.0) -> None:
        super().__init__()
        self.A_adjoint, self.jitter = A_adjoint, jitter
        self.register_buffer("y", y, persistent=False)

    def forward(self) -> Example:
        z = (
            self.y + self.jitter * torch.rand((), device=self.y.device) * torch.randn_like(self.y)
            if self.jitter
            else self.y
        )
        probe = torch.randn_like(self.y)
        return Example((self.A_adjoint(z), probe), self.y)

    def evaluation_example(self) -> Example:
        return Example((self.A_adjoint(self.y),), self.y)
