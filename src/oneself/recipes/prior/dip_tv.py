"""DIP-TV: a deep image prior helped by total variation.

Given           y and A, with y = A(x) + noise
Structure       hourglass h with skip connections, untrained
Input           fixed uniform noise z, jittered at every step
Loss            ‖A(h(z)) − y‖²
Regularisation  λ TV(h(z)), anisotropic, and early stopping

Liu, Sun, Xu, Kamilov. Image restoration using total variation regularized deep image prior. ICASSP 2019.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from oneself.core import Fit, method
from oneself.inputs import Code
from oneself.losses import TotalVariation, data_term
from oneself.networks import Skip
from oneself.optim import OPTIMISERS
from oneself.recipes import options as o
from oneself.stopping import stopping_by


@method(
    "DIP with total variation (DIP-TV)",
    cite="Liu, Sun, Xu, Kamilov. Image restoration using total variation regularized deep image prior. ICASSP 2019.",
    tasks=("denoise", "inpaint", "super-resolve", "deblur", "restore"),
    presets={"published-network": {"width": 128, "optimiser": "adam", "steps": 5000}},
    gpu_preset="published-network",
)
def dip_tv(
    y: Tensor,
    physics: Any,
    *,
    tv_weight: o.TvWeight = 0.02,
    fidelity: o.Fidelity = "least-squares",
    ridge: o.Ridge = 3e-3,
    width: o.Width = 24,
    levels: o.Levels = 5,
    skip: o.Skips = 4,
    code: o.CodeChannels = 32,
    jitter: o.Jitter = 1 / 30,
    optimiser: o.Optimiser = "muon",
    lr: o.LearningRate = 0.01,
    steps: o.StepsAtMost = 1500,
    stop: o.Stop = "auto",
    hold_out: o.HoldOut = 0.05,
    window: o.Window = 50,
    smoothing: o.Smoothing = 0.93,
    patience: o.Patience = 150,
    start: o.Start = 100,
    average: o.Average = 0.99,
) -> Fit:
    size = tuple(physics.A_adjoint(y).shape)
    rule, selection, where = stopping_by(
        stop, fidelity, y, physics.A, hold_out, window, smoothing, patience, start, average
    )
    return Fit(
        structure=Skip(len(size) - 2, code, size[1], size[2:], [width] * levels, skip),
        input=Code(y, size[2:], code, jitter, where),
        loss=data_term(fidelity, physics, y, ridge=ridge, steps=steps),
        regularisation=tv_weight * TotalVariation(),
        optimiser=OPTIMISERS[optimiser](lr),
        steps=steps,
        stop=rule,
        selection=selection,
    )
