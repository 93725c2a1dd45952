"""CSGM: the picture that a pretrained generator makes of some code, the one that explains the measurement best.

Given           y and A, with y = A(x) + noise, and a generator G that was trained on pictures like x
Structure       G, as it came
Input           a code z, which is what is looked for; several are tried side by side
Loss            ‖A(G(z)) − y‖² + λ‖z‖²
Regularisation  the range of G

Bora, Jalal, Price, Dimakis. Compressed sensing using generative models. ICML 2017.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from oneself.core import Stage, method
from oneself.recipes import options as o
from oneself.recipes.generators import options as g
from oneself.recipes.generators.latent import LatentSearch
from oneself.recipes.generators.prior import prior_of


@method(
    "CSGM: search in the range of a generator",
    cite="Bora, Jalal, Price, Dimakis. Compressed sensing using generative models. ICML 2017.",
    tasks=("restore", "inpaint", "super-resolve", "denoise"),
    dims=(2,),
)
def csgm(
    y: Tensor,
    physics: Any,
    *,
    generator: g.GeneratorFile = None,
    restarts: g.Restarts = 4,
    latent_weight: g.LatentWeight = 0.0,
    lr: o.LearningRate = 0.1,
    steps: o.StepsAtMost = 500,
) -> Stage:
    prior, notes = prior_of(generator, y, physics, "csgm")
    return LatentSearch(prior, y, physics.A, restarts=restarts, weight=latent_weight, lr=lr, steps=steps, notes=notes)
