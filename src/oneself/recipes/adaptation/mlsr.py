"""MLSR: a super-resolver that was trained so that a few steps on a picture's own smaller copy make it better.

Given           y and A, with y = A(x), and a network h that was meta-trained, each picture being a task
Structure       h, which adds to the cubic enlargement ↑y
Input           ↑A(y): the picture itself, shrunk and enlarged again, whole
Loss            ‖h(↑A(y)) − y‖²
Regularisation  no more than some five steps of gradient descent; x = h(↑y)

Park, Yoo, Cho, Kim, Kim. Fast adaptation to super-resolution networks via meta-learning. ECCV 2020.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from torch import Tensor, nn

from oneself.core import Option, Stage, method
from oneself.recipes import options as o
from oneself.recipes.adaptation.smaller_copy import Descent, adapted_to_copy


@method(
    "Fast adaptation to super-resolution networks via meta-learning (MLSR)",
    cite="Park, Yoo, Cho, Kim, Kim. Fast adaptation to super-resolution networks via meta-learning. ECCV 2020.",
    tasks=("super-resolve",),
    dims=(2,),
    deterministic=True,
)
def mlsr(
    y: Tensor,
    physics: Any,
    *,
    weights: Annotated[
        Path | nn.Module | None,
        Option("the network to begin with: weights of the architecture 'mzsr', as 'oneself pretrain mlsr' makes them"),
    ] = None,
    lr: Annotated[float, Option("learning rate", above=0, high=1e3)] = 0.5,
    steps: Annotated[int, Option("steps of the adaptation; 0 for the network as it came", low=0, high=10**7)] = 5,
    back_projections: o.BackProjections = 0,
    tile: o.Tile = 1024,
) -> Stage:  # fmt: skip
    way = Descent("mlsr", power=2, lr=lr, schedule=lambda progress: 1.0, steps=steps)
    return adapted_to_copy(y, physics, weights, way, back_projections, tile)
