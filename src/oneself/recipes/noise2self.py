"""Noise2Self: a grid of blind spots, every element judged by the others.

Given           y, with y = x + noise that is independent from element to element
Structure       U-net h
Input           y with every w-th element along every axis replaced by the mean of its neighbours
Loss            ‖m · (h(replaced y) − y)‖²: only where elements are replaced
Regularisation  J-invariance, averaged weights, and stopping by the phase of the grid that is held out

Batson, Royer. Noise2Self: blind denoising by self-supervision. ICML 2019.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from oneself import options as o
from oneself.core import Fit, Option, WeightAverage, method
from oneself.examples import BlindGrid
from oneself.networks import UNet, mean_of_views
from oneself.noise import SHARED, channel_correlation
from oneself.optim import OPTIMISERS
from oneself.physics.alignment import turns
from oneself.stopping import validated
from oneself.terms import Fidelity


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
    grid: Annotated[int, Option("w, side of the grid's blocks, one element of each is hidden", low=2, high=8)] = 4,
    replace: o.Replace = "mean",
    radius: o.Radius = 1,
    shared: o.Shared = None,
    width: o.Width = 32,
    levels: o.Levels = 2,
    patch: o.Patch = 48,
    patches: o.Patches = 2,
    optimiser: o.Optimiser = "muon",
    rate: o.Rate = 3e-3,
    steps: o.StepsAtMost = 2000,
    average: o.WeightAverage = 0.99,
    patience: o.Patience = 400,
    every: o.Every = 25,
    answer: Annotated[
        Literal["invariant", "plain"],
        Option("what is returned: every element as predicted where it was hidden, or the plain output"),
    ] = "invariant",
    ensemble: o.Ensemble = True,
    tile: o.Tile = 512,
) -> Fit:
    dims, size = y.ndim - 2, [min(n, patch) for n in y.shape[2:]]
    if shared is None:
        shared = channel_correlation(y[0].cpu().numpy()) > SHARED
    masks = BlindGrid(y, replace, radius, patch, patches, width=grid, shared=shared)
    network = UNet(dims, y.shape[1], y.shape[1], size, width=width, levels=levels)
    views = turns([1.0] * dims, transpose=dims == 2)[: None if ensemble else 1]

    def look(h: nn.Module, x: Tensor) -> Tensor:
        return mean_of_views(h, x, views, reach=network.reach, tile=network.whole(tile))

    def output(h: nn.Module) -> Tensor:
        if answer == "plain":
            return look(h, y)
        made = torch.zeros_like(y)
        for shown, hidden in masks.hiding():
            made = torch.where(hidden, look(h, shown), made)
        return made

    average_of = WeightAverage(network, average)
    looks = 1 if answer == "plain" else masks.count
    stop, keep = validated(average_of.network, masks.held_out(), output, every=every, patience=patience)
    return Fit(
        structure=network,
        input=masks,
        loss=Fidelity(),
        optimiser=OPTIMISERS[optimiser](rate),
        steps=steps,
        average=average_of,
        stop=stop,
        keep=keep,
        output=output,
        answer_cost=looks * len(views) * math.prod(y.shape[2:]) / (3 * patches * math.prod(size)),
        image_output=False,
    )
