"""A blind network: no element of its output depends on that element of the input, so all of them teach at every step.

Given           y, with y = x + noise that is independent from element to element
Structure       dilated convolutions h, the first without its middle: no element of the output sees its own
Input           y
Loss            ‖h(y) − y‖²
Regularisation  the blindness, averaged weights, and stopping by a phase of a grid that is held out; in the answer,
                (v y + σ² h) / (v + σ²), where v is what (y − h)² has above σ²

Wu, Liu, Cao, Ren, Zuo. Unpaired learning of deep image denoising. ECCV 2020. (the dilated blind-spot network)
Laine, Karras, Lehtinen, Aila. High-quality self-supervised deep image denoising. NeurIPS 2019. (the answer)
"""

from __future__ import annotations

from typing import Annotated, Any

from torch import Tensor, nn

from oneself.core import Fit, Option, method
from oneself.inputs import BlindGrid
from oneself.networks import BlindNetwork
from oneself.noise import SHARED, channel_correlation
from oneself.optim import OPTIMISERS
from oneself.recipes import options as o
from oneself.recipes.posterior import noise_variance
from oneself.recipes.self_supervised.blind_fit import Look, blind_fit

GRID = 4  # side of the blocks of which one element each is held out


@method(
    "Dilated blind-spot network",
    cite="Wu, Liu, Cao, Ren, Zuo. Unpaired learning of deep image denoising. ECCV 2020. The answer: Laine, Karras, "
    "Lehtinen, Aila. High-quality self-supervised deep image denoising. NeurIPS 2019.",
    tasks=("denoise",),
    needs=("A",),
)
def blind_network(
    y: Tensor,
    physics: Any,
    *,
    shared: o.Shared = None,
    width: o.Width = 48,
    layers: Annotated[int, Option("convolutions beside the first", low=1, high=100)] = 6,
    patch: o.Patch = 64,
    patches: o.Patches = 2,
    optimiser: o.Optimiser = "muon",
    lr: o.LearningRate = 3e-3,
    one_cycle_lr: Annotated[bool, Option("one cycle of the learning rate; otherwise constant")] = True,
    steps: o.StepsAtMost = 1000,
    average: o.WeightAverage = 0.99,
    patience: o.Patience = 400,
    validate_every: o.ValidateEvery = 25,
    mix: Annotated[bool, Option("mix the measurement back in, by how uncertain the prediction is")] = True,
    sigma: o.Sigma = None,
    ensemble: o.Ensemble = True,
    tile: o.Tile = 256,
) -> Fit:
    if shared is None:
        shared = channel_correlation(y[0].cpu().numpy()) > SHARED
    masks = BlindGrid(y, "mean", 1, patch, patches, width=GRID, shared=shared, hide=False)
    network = BlindNetwork(y.ndim - 2, y.shape[1], width=width, layers=layers, shared=shared)
    variance, notes = noise_variance(y, sigma, "blind_network") if mix else (None, ())

    def predict(h: nn.Module, look: Look) -> Tensor:
        return look(h, y)

    return blind_fit(
        y,
        masks,
        network,
        predict,
        looks=1,
        variance=variance,
        optimiser=OPTIMISERS[optimiser](lr),
        one_cycle_lr=one_cycle_lr,
        steps=steps,
        average=average,
        patience=patience,
        validate_every=validate_every,
        ensemble=ensemble,
        tile=tile,
        notes=notes,
    )
