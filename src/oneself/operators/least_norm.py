"""Pseudo-inverses and projections by conjugate gradients, for operators without a closed form."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from oneself.operators.conjugate_gradients import conjugate_gradients

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
    dual = conjugate_gradients(lambda r: A(A_adjoint(r)), y, steps=steps, tolerance=tolerance, early_exit=True)
    return A_adjoint(dual)


def project(A: Operator, A_adjoint: Operator, x: Tensor, y: Tensor, *, steps: int) -> Tensor:
    """``x`` moved least so that ``A x = y``: back-projection, ``x + A^+ (y - A x)``, by ``least_norm``."""
    return x + least_norm(A, A_adjoint, y - A(x), steps=steps) if steps else x
