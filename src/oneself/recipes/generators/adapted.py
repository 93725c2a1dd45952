"""The generator adapted to the picture: the stage in which its weights move."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from oneself.core import Fit, Last, Never, Selection, StoppingRule, Term
from oneself.core.stage import OptimiserFactory
from oneself.losses import Fidelity
from oneself.operators import project
from oneself.recipes.generators.prior import Adaptable, Prior, Unconditioned
from oneself.stopping import Best, HeldOut, Patience

__all__ = ["held_out", "in_agreement", "weights_and_code"]

EXACT = 200  # conjugate gradient steps at most


def held_out(y: Tensor, share: float) -> Tensor | None:
    """1 where the loss may look, 0 at a share of the measurement drawn at random; ``None`` for all of it."""
    if not share:
        return None
    where = (torch.rand_like(y) >= share).to(y)
    return where if bool((where < 1).any()) and bool(where.any()) else None


def stopping(
    y: Tensor, A: Callable[[Tensor], Tensor], where: Tensor | None, patience: int
) -> tuple[StoppingRule, Selection]:
    """Stop by what is held out, and return what was best there; where nothing is, take all steps, and the last."""
    if where is None:
        return Never(), Last()
    score = HeldOut(y, 1 - where, A)
    return Patience(score, patience), Best(score)


def two_rates(code: nn.Parameter, code_lr: float, lr: float) -> OptimiserFactory:
    """Adam with a learning rate for the code, and one for all else; the code stays where its rate is 0."""

    def made(parameters: Iterable[nn.Parameter]) -> Optimizer:
        rest = [parameter for parameter in parameters if parameter is not code]
        groups = [{"params": rest, "lr": lr}, *([{"params": [code], "lr": code_lr}] if code_lr else [])]
        return torch.optim.Adam(groups, lr=lr)

    return made


def weights_and_code(
    prior: Prior,
    code: Tensor,
    y: Tensor,
    A: Callable[[Tensor], Tensor],
    *,
    code_lr: float,
    lr: float,
    steps: int,
    where: Tensor | None,
    patience: int,
    loss: Term | None = None,
    regularisation: Term | None = None,
) -> Fit:
    """``min over G and z of ‖A(G(z)) − y‖²``, from ``code``, ``(1, *latent)``, and the generator as it is."""
    structure = Adaptable(prior, code)
    stop, selection = stopping(y, A, where, patience)
    return Fit(
        structure=structure,
        input=Unconditioned(y, where),
        loss=Fidelity(A) if loss is None else loss,
        regularisation=regularisation,
        optimiser=two_rates(structure.z, code_lr, lr),
        steps=steps,
        stop=stop,
        selection=selection,
    )


def in_agreement(x: Tensor, y: Tensor, physics: Any) -> Tensor:
    """``x + A⁺(y − A x)``: the nearest image that measures ``y`` exactly."""
    with torch.no_grad():
        return project(physics.A, physics.A_adjoint, x, y, steps=EXACT)
