"""Fidelity after the operator is undone as far as it can be."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from oneself.core import Example, Term
from oneself.operators.normal import NormalInverse

__all__ = ["BackProjection"]


class BackProjection(Term):
    """``‖(AAᵀ + εI)^(-1/2) (A x − y)‖² / n``: as least squares, but every direction of the measurement counts alike.

    With ``r = A x − y`` and ``s = (AAᵀ + εI)⁻¹ r`` it is ``r · s / n``, and its gradient in ``r`` is ``2 s / n``: the
    square root is never needed. It is 0 exactly where ``A x = y``.

    Parameters
    ----------
    A : callable
    inverse : NormalInverse
        Of the same operator.

    Notes
    -----
    Tirer, Giryes. Back-projection based fidelity term for ill-posed linear inverse problems. IEEE TIP 2020.
    """

    name = "back_projection"

    def __init__(self, A: Callable[[Tensor], Tensor], inverse: NormalInverse) -> None:
        super().__init__()
        self.A, self.inverse = A, inverse

    def forward(self, x: Tensor, example: Example) -> Tensor:
        r = self.A(x) - example.target
        s: Tensor = self.inverse(r.detach())
        return (s * (2 * r - r.detach())).mean()
