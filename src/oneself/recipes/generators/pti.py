"""PTI: the code that comes nearest is held as a pivot, and the generator is tuned until it makes the picture of it.

Given           y and A, with y = A(x) + noise, and a generator G that was trained on pictures like x
Structure       G, all of whose weights change in the second stage
Input           the pivot, the code that CSGM finds, which stays
Loss            ‖A(G(z)) − y‖²; the paper adds a perceptual distance, LPIPS, whose weights are not at hand
Regularisation  locality: at codes a fixed distance from the pivot in random directions, G stays what it was; early
                stopping by the error on measurements that the loss does not see

Roich, Mokady, Bermano, Cohen-Or. Pivotal tuning for latent-based editing of real images. ACM TOG 2022.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Annotated, Any

import torch
from torch import Tensor

from oneself.core import Example, Fit, Option, Stage, method
from oneself.losses import Fidelity
from oneself.recipes import options as o
from oneself.recipes.generators import options as g
from oneself.recipes.generators.adapted import held_out, stopping, two_rates
from oneself.recipes.generators.latent import code_search
from oneself.recipes.generators.prior import Adaptable, Prior, Unconditioned, prior_of


class AroundPivot(Unconditioned):
    """The measurement, and a code at a distance from the pivot in the direction of a random one."""

    pivot: Tensor

    def __init__(self, y: Tensor, where: Tensor | None, pivot: Tensor, distance: float) -> None:
        super().__init__(y, where)
        self.distance = distance
        self.register_buffer("pivot", pivot, persistent=False)

    def forward(self) -> Example:
        away = torch.randn_like(self.pivot) - self.pivot
        return Example((self.pivot + self.distance * away / away.norm(),), self.y, self.where)


class PivotalTuning(Fit):
    """A fit of ``Adaptable`` that also compares, at the code of the example, with the generator as it came."""

    structure: Adaptable

    def __init__(self, *, prior: Prior, locality: float, **fit: Any) -> None:
        super().__init__(**fit)
        self.prior, self.locality = prior, locality

    def terms(self, example: Example) -> Mapping[str, Tensor]:
        (near,) = example.input
        x = self.structure()
        self.last_output = x.detach().float()
        change = (self.structure.prior(near) - self.prior(near)).square().mean()
        return {**self.objective.values(x, example), "locality": self.locality * change}

    def estimate(self) -> Tensor:
        x: Tensor = self.structure()
        return x


@method(
    "Pivotal tuning inversion (PTI)",
    cite="Roich, Mokady, Bermano, Cohen-Or. Pivotal tuning for latent-based editing of real images. ACM TOG 2022.",
    tasks=("restore", "inpaint", "super-resolve"),
    dims=(2,),
)
def pti(
    y: Tensor,
    physics: Any,
    *,
    generator: g.GeneratorFile = None,
    restarts: g.Restarts = 4,
    latent_steps: g.LatentSteps = 500,
    locality: Annotated[float, Option("weight of the change of G around the pivot", low=0, high=1e6)] = 0.1,
    distance: Annotated[float, Option("of the codes around the pivot at which G stays", above=0, high=1e6)] = 4.0,
    lr: o.LearningRate = 3e-4,
    steps: o.StepsAtMost = 350,
    hold_out: g.HoldOut = 0.05,
    patience: g.Patience = 100,
) -> Generator[Stage, Stage, None]:
    prior, notes = prior_of(generator, y, physics, "pti")
    where = held_out(y, hold_out)
    search = code_search(prior, y, physics.A, restarts=restarts, steps=latent_steps, where=where, notes=notes)
    yield search
    structure = Adaptable(prior.free(), search.code)
    stop, selection = stopping(y, physics.A, where, patience)
    yield PivotalTuning(
        prior=prior,
        locality=locality,
        structure=structure,
        input=AroundPivot(y, where, search.code, distance),
        loss=Fidelity(physics.A),
        optimiser=two_rates(structure.z, 0.0, lr),
        steps=steps,
        stop=stop,
        selection=selection,
    )
