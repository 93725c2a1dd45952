"""A deep image prior fitted to the back-projected measurement: what BP-DIP and BP-TV share."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from oneself.core import Fit, Term
from oneself.inputs import Code
from oneself.losses import BackProjection
from oneself.networks import Skip
from oneself.operators import NormalInverse
from oneself.optim import OPTIMISERS
from oneself.stopping import WindowVariance, early_stopping

__all__ = ["back_projected"]


def back_projected(
    y: Tensor,
    physics: Any,
    *,
    ridge: float,
    width: int,
    levels: int,
    skip: int,
    code: int,
    jitter: float,
    optimiser: str,
    lr: float,
    steps: int,
    window: int,
    smoothing: float,
    patience: int,
    start: int,
    average: float,
    regularisation: Term | None = None,
) -> Fit:
    """The fit that ends by the windowed variance of its outputs: held-out elements would be mixed with the others.

    Parameters are the methods' options of these names (``recipes.options``).
    """
    size = tuple(physics.A_adjoint(y).shape)
    rule, selection = early_stopping(WindowVariance(window, smoothing), patience=patience, start=start, average=average)
    return Fit(
        structure=Skip(len(size) - 2, code, size[1], size[2:], [width] * levels, skip),
        input=Code(y, size[2:], code, jitter),
        loss=BackProjection(physics.A, NormalInverse(physics.A, physics.A_adjoint, y, ridge)),
        regularisation=regularisation,
        optimiser=OPTIMISERS[optimiser](lr),
        steps=steps,
        stop=rule,
        selection=selection,
    )
