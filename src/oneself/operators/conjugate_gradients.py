"""Linear systems by conjugate gradients."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["conjugate_gradients"]


def conjugate_gradients(
    apply: Callable[[Tensor], Tensor], b: Tensor, *, steps: int, tolerance: float = 1e-7, early_exit: bool = False
) -> Tensor:
    """The ``x`` with ``apply(x) = b``, of the shape of ``b``; ``apply`` is linear, symmetric and not negative.

    Parameters
    ----------
    steps : int
        Steps at most.
    tolerance : float
        A step whose residual is below this share of ``b`` moves nothing.
    early_exit : bool
        Leave at such a step. That reads a number back from the device, which an objective must not do.

    Notes
    -----
    Hestenes, Stiefel. Methods of conjugate gradients for solving linear systems. 1952.
    """
    tiny = torch.finfo(b.dtype).tiny
    solution, residual = torch.zeros_like(b), b
    direction, square = residual, residual.square().sum()
    floor = tolerance**2 * square + tiny
    for _ in range(steps):
        if early_exit and bool(square <= floor):
            break
        image = apply(direction)
        length = torch.where(square > floor, square / (direction * image).sum().clamp(min=tiny), 0.0)
        solution, residual = solution + length * direction, residual - length * image
        before, square = square, residual.square().sum()
        direction = residual + torch.where(before > floor, square / before, 0.0) * direction
    return solution
