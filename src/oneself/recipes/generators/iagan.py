"""IAGAN: a pretrained generator is adapted to the one picture: first its code is found, then code and weights move.

Given           y and A, with y = A(x) + noise, and a generator G that was trained on pictures like x
Structure       G, all of whose weights change from the second stage on
Input           a code z, found as CSGM does, then changed a little along with G
Loss            ‖A(G(z)) − y‖²; then, where there is no noise, x ← x + A⁺(y − A x)
Regularisation  where G began, and early stopping by the error on measurements that the loss does not see

Abu Hussein, Tirer, Giryes. Image-adaptive GAN based reconstruction. AAAI 2020.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated, Any

from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.recipes import options as o
from oneself.recipes.generators import options as g
from oneself.recipes.generators.adapted import held_out, in_agreement, weights_and_code
from oneself.recipes.generators.latent import code_search
from oneself.recipes.generators.prior import prior_of

# The search for the code ends where it no longer falls, which the paper's does not.
PRESETS = {"near-published": {"restarts": 5, "latent_steps": 1800, "hold_out": 0.0, "lr": 1e-3, "steps": 300}}


@method(
    "Image-adaptive GAN (IAGAN)",
    cite="Abu Hussein, Tirer, Giryes. Image-adaptive GAN based reconstruction. AAAI 2020.",
    tasks=("restore", "inpaint", "super-resolve", "denoise"),
    dims=(2,),
    presets=PRESETS,
)
def iagan(
    y: Tensor,
    physics: Any,
    *,
    generator: g.GeneratorFile = None,
    restarts: g.Restarts = 4,
    latent_steps: g.LatentSteps = 500,
    latent_lr: Annotated[
        float, Option("learning rate of the code when the weights move, too", above=0, high=1e3)
    ] = 1e-4,
    lr: o.LearningRate = 3e-4,
    steps: o.StepsAtMost = 300,
    hold_out: g.HoldOut = 0.05,
    patience: g.Patience = 100,
    back_projection: g.BackProjection = False,
) -> Generator[Stage, Stage, Tensor | None]:
    prior, notes = prior_of(generator, y, physics, "iagan")
    where = held_out(y, hold_out)
    search = code_search(prior, y, physics.A, restarts=restarts, steps=latent_steps, where=where, notes=notes)
    yield search
    adapted = yield weights_and_code(
        prior.free(), search.code, y, physics.A, code_lr=latent_lr, lr=lr, steps=steps, where=where, patience=patience
    )
    return in_agreement(adapted.answer(), y, physics) if back_projection else None
