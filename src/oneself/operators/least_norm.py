"""Pseudo-inverses and projections by conjugate gradients, for operators without a closed form."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

__all__ = ["least_norm", "project"]

Operator = Callable[[Tensor], Tensor]


def least_norm(A: Operator, A_adjoint: Operator, y: Tensor, *, steps: int, tolerance: float = 1e-7) -> Tensor:
    """The smallest ``x`` with ``A x = y``: ``x = A^T l`` where ``(A A^T) l = y``, by conjugate gradients.

    Parameters
    ----------
    A, A_adjoint : callable
        A linear operator whose rows are independent, and its transpose.
    y : Tensor
        Measurements.
    steps : int
        Conjugate gradient steps at most.
    tolerance : float
        Relative size of the residual at which it is left earlier.
    """
    solution, residual = y * 0, y
    direction, square = residual, residual.square().sum()
    enough = tolerance**2 * square
    for _ in range(steps):
        if bool(square <= enough):
            break
        image = A(A_adjoint(direction))
        length = square / (direction * image).sum()
        solution, residual = solution + length * direction, residual - length * image
        before, square = square, residual.square().sum()
        direction = residual + square / before * direction
    return A_adjoint(solution)


def project(A: Operator, A_adjoint: Operator, x: Tensor, y: Tensor, *, steps: int) -> Tensor:
    """``x`` moved least so that ``A x = y``: back-projection, ``x + A^+ (y - A x)``, by ``least_norm``."""
    return x + least_norm(A, A_adjoint, y - A(x), steps=steps) if steps else x
