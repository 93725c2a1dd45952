"""DGP: a pretrained generator is opened from the code's side, block after block, until it makes the picture.

Given           y and A, with y = A(x) + noise, and a generator G that was trained on pictures like x
Structure       G, whose blocks begin to change one after another, the one next to the code first
Input           a code z, the best of many random ones, which moves along
Loss            ‖A(G(z)) − y‖², and where there is a discriminator Σ |D_i(A(G(z))) − D_i(y)| over its hidden layers
Regularisation  where G began, the order in which it opens, and early stopping by the error on measurements that the
                loss does not see

Pan, Zhan, Dai, Lin, Loy, Luo. Exploiting deep generative prior for versatile image restoration and manipulation. ECCV
2020.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from oneself.core import Example, Fit, Option, Pretrained, Stage, Term, method
from oneself.losses import Fidelity
from oneself.networks.pretrained import load_weights
from oneself.recipes import options as o
from oneself.recipes.adaptation.changes import Opening
from oneself.recipes.generators import options as g
from oneself.recipes.generators.adapted import held_out, stopping, two_rates
from oneself.recipes.generators.prior import Adaptable, Prior, Unconditioned, prior_of

AT_ONCE = 10  # candidates that a step looks at


class Features(Term):
    """``Σ_i mean |D_i(Āᵀ A x) − D_i(Āᵀ y)|`` over a discriminator's hidden layers ``D_i``; ``Āᵀ`` is the adjoint,
    divided by what ``AᵀA`` makes of 1, so that measurements are seen as pictures with the image's values."""

    name = "features"
    share: Tensor

    def __init__(self, discriminator: nn.Module, physics: Any, size: tuple[int, ...], device: torch.device) -> None:
        super().__init__()
        self.discriminator, self.physics = Pretrained(discriminator), physics
        with torch.no_grad():
            ones = physics.A_adjoint(physics.A(torch.ones(1, *size, device=device)))
        self.register_buffer("share", ones.clamp(min=0.05), persistent=False)

    def forward(self, x: Tensor, example: Example) -> Tensor:
        seen, measured = (self._features(y) for y in (self.physics.A(x), example.target))
        return sum(((one - other).abs().mean() for one, other in zip(seen, measured, strict=True)), x.new_zeros(()))

    def _features(self, y: Tensor) -> list[Tensor]:
        network: Any = self.discriminator.network
        return list(network.features(self.physics.A_adjoint(y) / self.share))


class Candidates(Stage):
    """Random codes, of which the one with the lowest objective is kept: a few at a step."""

    lowest: Tensor
    code: Tensor

    def __init__(self, prior: Prior, count: int, loss: Term, example: Unconditioned, notes: tuple[str, ...]) -> None:
        super().__init__(steps=-(-count // AT_ONCE), notes=notes)
        self.prior, self.loss, self.example, self.count = prior, loss, example, count
        self.register_buffer("lowest", torch.full((), torch.inf, device=example.y.device))
        self.register_buffer("code", torch.zeros(1, *prior.latent, device=example.y.device))

    def solve(self) -> Mapping[str, Tensor]:
        for z in torch.randn(min(self.count, AT_ONCE), 1, *self.prior.latent, device=self.code.device):
            value = self.loss(self.prior(z), self.example())
            better = value < self.lowest
            self.code.copy_(torch.where(better, z, self.code))
            self.lowest.copy_(torch.where(better, value, self.lowest))
        return {"lowest": self.lowest.clone()}

    def estimate(self) -> Tensor:
        x: Tensor = self.prior(self.code)
        return x


class OpeningFit(Fit):
    """A fit of ``Adaptable`` whose blocks begin to move one after another, each for as many steps."""

    structure: Adaptable
    taken: Tensor

    def __init__(self, **fit: Any) -> None:
        super().__init__(**fit)
        prior = self.structure.prior
        self.opening = Opening([list(block.parameters()) for block in prior.blocks or [prior.network]])
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))

    def after_step(self) -> None:
        super().after_step()
        self.taken.add_(1)
        self.opening.advance(self.taken / self.steps / 2)  # at 1/2 all are open


def _features_of(
    discriminator: Path | nn.Module | None, physics: Any, prior: Prior, device: torch.device
) -> Features | None:
    if discriminator is None:
        return None
    given = discriminator
    network: Any = given if isinstance(given, nn.Module) else load_weights(given, kind="discriminator").network
    said = f"dgp(discriminator={type(network).__name__})"
    if not callable(getattr(network, "features", None)):
        raise ValueError(f"{said}: it has no features(x), what its hidden layers make of pictures. Add that.")
    made = Features(network.to(device).eval().requires_grad_(False), physics, prior.size, device)
    try:
        with torch.no_grad():
            network.features(torch.zeros(1, *prior.size, device=device))
    except RuntimeError as error:
        raise ValueError(
            f"{said}: cannot take pictures {prior.size} ({error}). Give the one of the generator."
        ) from error
    return made


@method(
    "Deep generative prior (DGP)",
    cite="Pan, Zhan, Dai, Lin, Loy, Luo. Exploiting deep generative prior for versatile image restoration and "
    "manipulation. ECCV 2020.",
    tasks=("restore", "inpaint", "super-resolve"),
    dims=(2,),
)
def dgp(
    y: Tensor,
    physics: Any,
    *,
    generator: g.GeneratorFile = None,
    discriminator: g.Discriminator = None,
    candidates: Annotated[int, Option("random codes of which the best is taken", low=1, high=10**6)] = 500,
    feature_weight: Annotated[
        float,
        Option(
            "weight of the distance of the discriminator's features",
            low=0,
            high=1e6,
            only="with a discriminator",
            counts=lambda others: others.get("discriminator") is not None,
        ),
    ] = 0.1,
    latent_lr: Annotated[float, Option("learning rate of the code", above=0, high=1e3)] = 0.02,
    lr: o.LearningRate = 3e-4,
    steps: o.StepsAtMost = 600,
    hold_out: g.HoldOut = 0.05,
    patience: g.Patience = 150,
) -> Generator[Stage, Stage, None]:
    prior, notes = prior_of(generator, y, physics, "dgp")
    where = held_out(y, hold_out)
    features = _features_of(discriminator, physics, prior, y.device)
    loss: Term = Fidelity(physics.A)
    search = Candidates(prior, candidates, loss, Unconditioned(y, where), notes)
    search.time_share = 0.3
    yield search
    structure = Adaptable(prior.free(), search.code)
    stop, selection = stopping(y, physics.A, where, patience)
    yield OpeningFit(
        structure=structure,
        input=Unconditioned(y, where),
        loss=loss,
        regularisation=None if features is None else feature_weight * features,
        optimiser=two_rates(structure.z, latent_lr, lr),
        steps=steps,
        stop=stop,
        selection=selection,
    )
