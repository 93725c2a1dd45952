"""Noise2Self: every element judged by the others.

Given           y, with y = x + noise that is independent from element to element
Structure       network h, no element of whose output sees its own; or U-net h
Input           y; for the U-net with every w-th element along every axis replaced by the mean of its neighbours
Loss            ‖m · (h(y) − y)‖²: everywhere, or only where elements are replaced
Regularisation  J-invariance, averaged weights, and stopping by the phase of the grid that is held out; in the answer,
                (v y + σ² h) / (v + σ²), where v is what (y − h)² has above σ²

Batson, Royer. Noise2Self: blind denoising by self-supervision. ICML 2019.
Laine, Karras, Lehtinen, Aila. High-quality self-supervised deep image denoising. NeurIPS 2019. (the answer)
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from oneself.core import Fit, Option, WeightAverage, method
from oneself.inputs import BlindGrid
from oneself.losses import Fidelity
from oneself.networks import BlindNetwork, UNet, mean_of_views
from oneself.noise import SHARED, channel_correlation
from oneself.operators.alignment import turns
from oneself.optim import OPTIMISERS, one_cycle
from oneself.recipes import options as o
from oneself.recipes.posterior import noise_variance, posterior_by_place
from oneself.stopping import validated


@method(
    "Noise2Self",
    cite="Batson, Royer. Noise2Self: blind denoising by self-supervision. ICML 2019.",
    tasks=("denoise",),
    needs=("A",),
)
def noise2self(
    y: Tensor,
    physics: Any,
    *,
    blindness: Annotated[
        Literal["network", "grid"],
        Option("what keeps an element from its own prediction: a network that is blind to it, or a grid that hides it"),
    ] = "network",
    grid_width: Annotated[
        int, Option("w, side of the grid's blocks, one element of each is hidden (and one held out)", low=2, high=8)
    ] = 4,
    replace: o.Replace = "mean",
    radius: o.Radius = 1,
    shared: o.Shared = None,
    width: o.Width = 48,
    layers: Annotated[int, Option("convolutions of the blind network beside the first", low=1, high=100)] = 6,
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
        Option("what is returned: every element as predicted where it was hidden, or the plain output"),
    ] = "invariant",
    mix: Annotated[
        bool, Option("mix what was measured back into an invariant answer, by how uncertain that is")
    ] = True,
    sigma: o.Sigma = None,
    ensemble: o.Ensemble = True,
    tile: o.Tile = 256,
) -> Fit:
    dims, size = y.ndim - 2, [min(n, patch) for n in y.shape[2:]]
    if shared is None:
        shared = channel_correlation(y[0].cpu().numpy()) > SHARED
    hide = blindness == "grid"
    masks = BlindGrid(y, replace, radius, patch, patches, width=grid_width, shared=shared, hide=hide)
    network = (
        UNet(dims, y.shape[1], y.shape[1], size, width=width, levels=levels)
        if hide
        else BlindNetwork(dims, y.shape[1], width=width, layers=layers, shared=shared)
    )
    invariant = answer == "invariant" or not hide
    variance, notes = noise_variance(y, sigma, "noise2self") if mix and invariant else (None, ())
    views = turns([1.0] * dims, transpose=dims == 2)[: None if ensemble else 1]

    def look(h: nn.Module, x: Tensor) -> Tensor:
        return mean_of_views(h, x, views, reach=network.reach, tile=network.whole(tile))

    def predicted(h: nn.Module) -> Tensor:
        if not (hide and invariant):
            return look(h, y)
        made = torch.zeros_like(y)
        for shown, hidden in masks.hiding():
            made = torch.where(hidden, look(h, shown), made)
        return made

    def output(h: nn.Module) -> Tensor:
        x = predicted(h)
        return x if variance is None else posterior_by_place(y, x, variance(x))

    average_of = WeightAverage(network, average)
    looks = masks.count if hide and invariant else 1
    stop, selection = validated(average_of.network, masks.held_out(), output, every=validate_every, patience=patience)
    return Fit(
        structure=network,
        input=masks,
        loss=Fidelity(),
        optimiser=OPTIMISERS[optimiser](lr),
        schedule=one_cycle(rise=0.1, last=0.01) if one_cycle_lr else None,
        steps=steps,
        average=average_of,
        stop=stop,
        selection=selection,
        output=output,
        answer_cost=looks * len(views) * math.prod(y.shape[2:]) / (3 * patches * math.prod(size)),
        image_output=False,
        notes=notes,
    )
