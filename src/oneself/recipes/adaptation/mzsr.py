"""MZSR: super-resolution by a network that a few steps on the picture's own smaller copy adapt to its blur.

Given           y and A, with y = A(x), and a network h that was trained on other pictures, best to be adapted quickly
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

from oneself.core import Fit, Option, Pretrained, Stage, method
from oneself.inputs import Fixed
from oneself.losses import Fidelity
from oneself.operators import displacement, enlarge
from oneself.optim import sgd, stepped
from oneself.recipes import options as o
from oneself.recipes.adaptation.adapting import AsItCame
from oneself.recipes.adaptation.calling import called, network_of, whole

HALVED_AT = 0.4  # of the steps; the paper's first step is also twice as long where sampling is direct


@method(
    "Meta-transfer learning for zero-shot super-resolution (MZSR)",
    cite="Soh, Cho, Cho. Meta-transfer learning for zero-shot super-resolution. CVPR 2020.",
    tasks=("super-resolve",),
    dims=(2,),
    deterministic=True,
)
def mzsr(
    y: Tensor,
    physics: Any,
    *,
    weights: Annotated[
        Path | nn.Module | None,
        Option("the network to begin with: of pictures that were enlarged, such as weights of the architecture 'mzsr'"),
    ] = None,
    lr: Annotated[float, Option("learning rate, halved after two fifths of the steps", above=0, high=1e3)] = 0.01,
    steps: Annotated[int, Option("steps of the adaptation; 0 for the network as it came", low=0, high=10**7)] = 10,
    tile: o.Tile = 1024,
) -> Stage:
    network, _ = network_of(weights, y.device, "mzsr", "super-resolver")
    size = tuple(physics.A_adjoint(y).shape[2:])
    scale = tuple(n / m for n, m in zip(size, y.shape[2:], strict=True))
    shift = displacement(physics.A, y, scale)
    large = enlarge(y, size, shift)
    adapted, made, notes = called(network, large, None, "mzsr", tile)
    if steps == 0:
        return AsItCame(adapted, made, notes)
    small = physics.A(y)
    if min(small.shape[2:]) < 2:
        raise ValueError(f"mzsr(y.shape={tuple(y.shape)}): its own smaller copy has a single sample along an axis. "
                         "Give a larger picture, or a smaller scale.")  # fmt: skip
    return Fit(
        structure=Pretrained(adapted.requires_grad_(True)),
        input=Fixed(y, enlarge(small, y.shape[2:], shift)),
        loss=Fidelity(power=1),
        optimiser=sgd(lr),
        schedule=stepped(0.5, (HALVED_AT,)),
        steps=steps,
        output=lambda f: whole(f, large, tile),
        image_output=False,
        notes=notes,
    )
