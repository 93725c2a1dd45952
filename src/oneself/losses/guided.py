"""From back-projection to least squares as the run goes on."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from oneself.core import Example, Term
from oneself.losses.back_projection import BackProjection
from oneself.losses.fidelity import Fidelity
from oneself.operators.normal import NormalInverse

__all__ = ["Guided"]


class Guided(Term):
    """``(1 − δ) · back-projection + δ · least squares``, with ``δ`` rising evenly from 0 to 1 over a number of steps.

    Back-projection finds the image fast, least squares does not amplify noise: each is used when it is the better.
    ``advance`` moves ``δ`` and is called once a step.

    Parameters
    ----------
    A : callable
    inverse : NormalInverse
        Of the same operator.
    steps : int
        After which ``δ`` is 1.

    Notes
    -----
    Garber, Tirer. Image restoration by denoising diffusion models with iteratively preconditioned guidance.
    CVPR 2024.
    """

    name = "fidelity"
    delta: Tensor
    taken: Tensor

    def __init__(self, A: Callable[[Tensor], Tensor], inverse: NormalInverse, steps: int) -> None:
        super().__init__()
        self.back, self.least = BackProjection(A, inverse), Fidelity(A)
        self.steps = steps
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))
        self.register_buffer("delta", torch.zeros(()))

    def advance(self) -> None:
        self.taken += 1
        self.delta.copy_((self.taken / self.steps).clamp(max=1))

    def forward(self, x: Tensor, example: Example) -> Tensor:
        value: Tensor = (1 - self.delta) * self.back(x, example) + self.delta * self.least(x, example)
        return value
