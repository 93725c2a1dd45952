"""MZSR: super-resolution by a network that a few steps on the picture's own smaller copy adapt to its blur.

Given           y and A, with y = A(x), and a network h that was trained on other pictures, best to be adapted quickly;
                without one, the package's own start, meta-trained on drawn pictures
Structure       h, which adds to the cubic enlargement ↑y
Input           ↑A(y): the picture itself, shrunk and enlarged again, whole
Loss            |h(↑A(y)) − y|
Regularisation  no more than some ten steps of gradient descent; x = h(↑y)

Soh, Cho, Cho. Meta-transfer learning for zero-shot super-resolution. CVPR 2020.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from torch import Tensor, nn

from oneself.core import Option, Stage, method
from oneself.optim import stepped
from oneself.recipes import options as o
from oneself.recipes.adaptation.smaller_copy import Descent, adapted_to_copy

HALVED_AT = 0.4  # of the steps; the paper's first step is also twice as long where sampling is direct


@method(
    "Meta-transfer learning for zero-shot super-resolution (MZSR)",
    cite="Soh, Cho, Cho. Meta-transfer learning for zero-shot super-resolution. CVPR 2020.",
    tasks=("super-resolve",),
    dims=(2,),
    deterministic=True,
    presets={"published": {"lr": 0.01}},  # for a start that was trained as long as the paper's
)
def mzsr(
    y: Tensor,
    physics: Any,
    *,
    weights: Annotated[
        Path | nn.Module | None,
        Option("the network to begin with: weights of the architecture 'mzsr', as 'oneself pretrain mzsr' makes them; "
               "the package's own, for twice the size, unless given"),
    ] = None,
    lr: Annotated[float, Option("learning rate, halved after two fifths of the steps", above=0, high=1e3)] = 0.1,
    steps: Annotated[int, Option("steps of the adaptation; 0 for the network as it came", low=0, high=10**7)] = 10,
    back_projections: o.BackProjections = 0,
    tile: o.Tile = 1024,
) -> Stage:  # fmt: skip
    way = Descent("mzsr", power=1, lr=lr, schedule=stepped(0.5, (HALVED_AT,)), steps=steps)
    return adapted_to_copy(y, physics, weights, way, back_projections, tile)
