"""Self2Self: self-supervised denoising with dropout.

Given           y, with y = b · (x + noise) and noise that is independent from element to element
Structure       U-net h of partial convolutions with dropout in its decoder
Input           y with elements hidden at random, m · y
Loss            ‖(1 − m) · (h(m · y) − y)‖²: only where hidden
Regularisation  dropout and masks, in training and in the mean of many predictions; of what was hidden from each, the
                mean h, and as the answer (v y + σ² h) / (v + σ²), where v is what (y − h)² has above σ²

Quan, Chen, Pang, Ji. Self2Self with dropout: learning self-supervised denoising from single image. CVPR 2020.
"""

from __future__ import annotations

from typing import Annotated, Any

import torch
from torch import Tensor, nn

from oneself.core import Fit, Option, WeightAverage, method
from oneself.inputs import BernoulliMasks, measured_elements
from oneself.losses import Fidelity
from oneself.networks import PartialUNet
from oneself.optim import OPTIMISERS, one_cycle
from oneself.recipes import options as o
from oneself.recipes.posterior import noise_variance, posterior_mean

PUBLISHED = {
    "width": 48,
    "levels": 5,
    "dropout": 0.3,
    "crop": None,
    "optimiser": "adam",
    "lr": 1e-4,
    "steps": 150_000,
    "one_cycle_lr": False,
    "samples": 100,
    "mix": False,
}


@method(
    "Self2Self with dropout",
    cite="Quan, Chen, Pang, Ji. Self2Self with dropout: learning self-supervised denoising from single image. "
    "CVPR 2020. Mixing: Laine, Karras, Lehtinen, Aila. High-quality self-supervised deep image denoising. "
    "NeurIPS 2019.",
    tasks=("denoise", "inpaint"),
    needs=("A",),
    presets={"published": {**PUBLISHED, "average": 0.0}},
)
def self2self(
    y: Tensor,
    physics: Any,
    *,
    width: Annotated[int, Option("channels of the encoder; the decoder has twice as many", low=3, high=1024)] = 32,
    levels: Annotated[int, Option("times the network halves the size (fewer on small inputs)", low=1, high=8)] = 4,
    mask_probability: Annotated[float, Option("probability of hiding an element", above=0, below=1)] = 0.3,
    dropout: Annotated[float, Option("probability of dropping an element in the decoder", low=0, below=1)] = 0.1,
    crop: Annotated[
        int | None, Option("side of the random crops of a step; none for the whole image", low=8, high=2**14)
    ] = 64,
    crops: Annotated[int, Option("crops per step", low=1, high=1024)] = 1,
    lr: Annotated[float, Option("learning rate, at its highest", above=0, high=1e3)] = 3e-3,
    steps: Annotated[int, Option("steps", low=1, high=10**7)] = 2000,
    optimiser: o.Optimiser = "muon",
    one_cycle_lr: Annotated[bool, Option("one cycle of the learning rate; otherwise constant")] = True,
    average: Annotated[float, Option("decay of the running average of the weights; 0 for none", low=0, below=1)] = 0.99,
    samples: Annotated[int, Option("random predictions averaged at the end", low=1, high=10**4)] = 40,
    mix: Annotated[
        bool,
        Option(
            "average only the predictions of hidden elements, and mix the measurement back in by how uncertain they "
            "are; done where nothing is missing and neighbours share no noise"
        ),
    ] = True,
    sigma: o.Sigma = None,
) -> Fit:
    known = measured_elements(physics, y)
    masks = BernoulliMasks(y, mask_probability, known, crop, crops if crop else 1)
    network = PartialUNet(
        y.ndim - 2, y.shape[1], [min(n, crop or n) for n in y.shape[2:]], width=width, levels=levels, dropout=dropout
    )

    variance, notes = noise_variance(y, sigma, "self2self") if mix and bool(known.all()) else (None, ())

    def ensemble(h: nn.Module) -> Tensor:
        every, blind, times = torch.zeros_like(y), torch.zeros_like(y), torch.zeros_like(y)
        for _ in range(samples):
            given, shown = masks.masked()
            made = h(given, shown)
            every += made / samples
            blind += made * (1 - shown)
            times += 1 - shown
        if variance is None:
            return every
        x = torch.where(times > 0, blind / times.clamp(min=1), every)
        return posterior_mean(y, x, variance(x))

    return Fit(
        structure=network,
        input=masks,
        loss=Fidelity(),
        output=ensemble,
        optimiser=OPTIMISERS[optimiser](lr),
        schedule=one_cycle() if one_cycle_lr else None,
        average=WeightAverage(network, average) if average else None,
        steps=steps,
        answer_cost=samples / 3,
        image_output=False,
        notes=notes,
    )
