"""Noise2Self: every element judged by the others.

Given           y, with y = x + noise that is independent from element to element
Structure       U-net h
Input           y with every w-th element along every axis replaced by the mean of its neighbours
Loss            ‖m · (h(y) − y)‖²: only where elements are replaced
Regularisation  J-invariance, averaged weights, and stopping by the phase of the grid that is held out; in the answer,
                (v y + σ² h) / (v + σ²), where v is what (y − h)² has above σ²

Batson, Royer. Noise2Self: blind denoising by self-supervision. ICML 2019.
Laine, Karras, Lehtinen, Aila. High-quality self-supervised deep image denoising. NeurIPS 2019. (the answer)
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from oneself.core import Fit, Option, method
from oneself.inputs import BlindGrid
from oneself.networks import UNet
from oneself.noise import SHARED, channel_correlation
from oneself.optim import OPTIMISERS
from oneself.recipes import options as o
from oneself.recipes.posterior import noise_variance
from oneself.recipes.self_supervised.blind_fit import Look, blind_fit


@method(
    "Noise2Self",
    cite="Batson, Royer. Noise2Self: blind denoising by self-supervision. ICML 2019. The answer: Laine, Karras, "
    "Lehtinen, Aila. High-quality self-supervised deep image denoising. NeurIPS 2019.",
    tasks=("denoise",),
    needs=("A",),
)
def noise2self(
    y: Tensor,
    physics: Any,
    *,
    grid_width: Annotated[
        int, Option("side of the grid's blocks, one element of each is hidden (and one held out)", low=2, high=8)
    ] = 4,
    replace: o.Replace = "mean",
    radius: o.Radius = 1,
    shared: o.Shared = None,
    width: o.Width = 48,
    levels: o.Levels = 2,
    patch: o.Patch = 64,
    patches: o.Patches = 2,
    optimiser: o.Optimiser = "muon",
    lr: o.LearningRate = 3e-3,
    one_cycle_lr: Annotated[bool, Option("one cycle of the learning rate; otherwise constant")] = True,
    steps: o.StepsAtMost = 1000,
    average: o.WeightAverage = 0.99,
    patience: o.Patience = 400,
    validate_every: o.ValidateEvery = 25,
    answer: Annotated[
        Literal["invariant", "plain"],
        Option("what is returned: every element as predicted where it was hidden, or the network's plain output"),
    ] = "invariant",
    mix: Annotated[
        bool,
        Option(
            "mix the measurement back into an invariant answer, by how uncertain the prediction is",
            only="with answer='invariant'",
            counts=lambda others: others["answer"] == "invariant",
        ),
    ] = True,
    sigma: o.Sigma = None,
    ensemble: o.Ensemble = True,
    tile: o.Tile = 256,
) -> Fit:
    if shared is None:
        shared = channel_correlation(y[0].cpu().numpy()) > SHARED
    masks = BlindGrid(y, replace, radius, patch, patches, width=grid_width, shared=shared)
    network = UNet(y.ndim - 2, y.shape[1], y.shape[1], masks.sides, width=width, levels=levels)
    invariant = answer == "invariant"
    variance, notes = noise_variance(y, sigma, "noise2self") if mix and invariant else (None, ())

    def predict(h: nn.Module, look: Look) -> Tensor:
        if not invariant:
            return look(h, y)
        x = torch.zeros_like(y)
        for shown, hidden in masks.hiding():
            x = torch.where(hidden, look(h, shown), x)
        return x

    return blind_fit(
        y,
        masks,
        network,
        predict,
        looks=masks.count if invariant else 1,
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
