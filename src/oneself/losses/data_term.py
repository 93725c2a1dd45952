"""The fidelities by name."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from oneself.core import Term
from oneself.losses.back_projection import BackProjection
from oneself.losses.fidelity import Fidelity
from oneself.losses.guided import Guided
from oneself.operators.normal import NormalInverse

__all__ = ["data_term"]

Kind = Literal["least-squares", "back-projection", "guided"]


def data_term(kind: Kind, physics: Any, y: Tensor, *, ridge: float, steps: int) -> Term:
    """``Fidelity``, ``BackProjection``, or ``Guided`` from the one to the other over ``steps``.

    Parameters
    ----------
    physics : object
        With ``A`` and ``A_adjoint``.
    y : Tensor
        The measurement.
    ridge : float
        Of ``NormalInverse``.
    """
    if kind == "least-squares":
        return Fidelity(physics.A)
    inverse = NormalInverse(physics.A, physics.A_adjoint, y, ridge)
    return BackProjection(physics.A, inverse) if kind == "back-projection" else Guided(physics.A, inverse, steps)
