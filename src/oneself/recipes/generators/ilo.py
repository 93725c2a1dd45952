"""ILO: what a pretrained generator's inner layers hand on is searched, one layer after another, near what it made.

Given           y and A, with y = A(x) + noise, and a generator G = g_n ∘ … ∘ g_1 that was trained on pictures like x
Structure       G, as it came
Input           first a code z, as in CSGM; then the output h of g_1, then that of g_2, …
Loss            ‖A(g_n ∘ … ∘ g_k+1 (h)) − y‖²; the paper's code adds a perceptual distance, LPIPS
Regularisation  h stays in an ℓ1 ball around what the layers before made; early stopping by the error on measurements
                that the loss does not see

Daras, Dean, Jalal, Dimakis. Intermediate layer optimization for inverse problems using deep generative models. ICML
2021. Projection: Duchi, Shalev-Shwartz, Singer, Chandra. Efficient projections onto the ℓ1-ball. ICML 2008.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from oneself.core import Fit, Option, Stage, method
from oneself.losses import Fidelity
from oneself.optim import adam
from oneself.recipes import options as o
from oneself.recipes.generators import options as g
from oneself.recipes.generators.adapted import held_out, stopping
from oneself.recipes.generators.latent import code_search
from oneself.recipes.generators.prior import Prior, Unconditioned, prior_of


class Inner(nn.Module):
    """What the blocks from number ``block`` on make of ``h``, a parameter."""

    def __init__(self, prior: Prior, h: Tensor, block: int) -> None:
        super().__init__()
        self.prior, self.block, self.h = prior, block, nn.Parameter(h.detach().clone())

    def forward(self) -> Tensor:
        return self.prior.after(self.h, self.block)


class InnerFit(Fit):
    """A fit of ``Inner`` whose ``h`` stays within ``radius ‖h0‖₁`` of the ``h0`` that it began with, in the ℓ1 norm."""

    structure: Inner
    center: Tensor

    def __init__(self, *, radius: float, **fit: Any) -> None:
        super().__init__(**fit)
        self.register_buffer("center", self.structure.h.detach().clone(), persistent=False)
        self.radius = radius * float(self.center.abs().sum())

    def after_step(self) -> None:
        super().after_step()
        h = self.structure.h
        h.copy_(self.center + onto_ball(h - self.center, self.radius))


def onto_ball(v: Tensor, radius: float) -> Tensor:
    """The nearest of the tensors whose magnitudes sum to at most ``radius``: ``sign(v) max(|v| − θ, 0)``."""
    sizes = v.abs().flatten()
    largest = sizes.sort(descending=True).values
    count = torch.arange(1, len(largest) + 1, device=v.device)
    thresholds = (largest.cumsum(0) - radius) / count
    theta = thresholds[(largest > thresholds).sum() - 1].clamp(min=0)
    return v.sign() * (v.abs() - theta).clamp(min=0)


@method(
    "Intermediate layer optimization (ILO)",
    cite="Daras, Dean, Jalal, Dimakis. Intermediate layer optimization for inverse problems using deep generative "
    "models. ICML 2021.",
    tasks=("restore", "inpaint", "super-resolve"),
    dims=(2,),
)
def ilo(
    y: Tensor,
    physics: Any,
    *,
    generator: g.GeneratorFile = None,
    restarts: g.Restarts = 4,
    latent_steps: g.LatentSteps = 500,
    inner: Annotated[int, Option("inner layers whose outputs are searched, from the code's side", low=1, high=64)] = 2,
    radius: Annotated[
        float, Option("of the ball that an output stays in, as a share of its own ℓ1 norm", above=0, high=1e3)
    ] = 0.5,
    lr: o.LearningRate = 0.01,
    steps: Annotated[int, Option("steps at most for each inner layer", low=1, high=10**7)] = 100,
    hold_out: g.HoldOut = 0.05,
    patience: g.Patience = 100,
) -> Generator[Stage, Stage, None]:
    prior, notes = prior_of(generator, y, physics, "ilo")
    if len(prior.blocks) < 2:
        raise ValueError(
            "ilo(generator): it has no blocks in a row. Give a module with two or more blocks, or use csgm."
        )
    where, last = held_out(y, hold_out), min(inner, len(prior.blocks) - 1)
    search = code_search(prior, y, physics.A, restarts=restarts, steps=latent_steps, where=where, notes=notes)
    yield search
    with torch.no_grad():
        h = prior.before(search.code, 1)
    for block in range(1, last + 1):
        stop, selection = stopping(y, physics.A, where if block == last else None, patience)
        fit = InnerFit(
            radius=radius,
            structure=Inner(prior, h, block),
            input=Unconditioned(y, where),
            loss=Fidelity(physics.A),
            optimiser=adam(lr),
            steps=steps,
            stop=stop,
            selection=selection,
        )
        fit.time_share = 1 / (last + 1 - block)
        yield fit
        with torch.no_grad():
            h = prior.blocks[block](fit.structure.h.detach())
