"""BP-TV: a deep image prior fitted to the back-projected measurement, helped by total variation.

Given           y and A, with y = A(x) + noise, A not the identity
Structure       hourglass h with skip connections, untrained
Input           fixed uniform noise z, jittered at every step
Loss            ‖(AAᵀ + εI)^(-1/2) (A(h(z)) − y)‖²: every direction of the measurement counts alike
Regularisation  λ TV(h(z)), anisotropic, and early stopping

Zukerman, Tirer, Giryes. BP-DIP: a backprojection based deep image prior. EUSIPCO 2020.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from oneself.core import Fit, method
from oneself.inputs import Code
from oneself.losses import BackProjection, TotalVariation
from oneself.networks import Skip
from oneself.operators import NormalInverse
from oneself.optim import OPTIMISERS
from oneself.recipes import options as o
from oneself.stopping import WindowVariance, early_stopping


@method(
    "DIP with back-projection and total variation (BP-TV)",
    cite="Zukerman, Tirer, Giryes. BP-DIP: a backprojection based deep image prior. EUSIPCO 2020.",
    tasks=("deblur", "super-resolve", "inpaint", "restore"),
    presets={"published-network": {"width": 128, "optimiser": "adam", "steps": 5000}},
    gpu_preset="published-network",
)
def bp_tv(
    y: Tensor,
    physics: Any,
    *,
    tv_weight: o.TvWeight = 0.02,
    ridge: o.Ridge = 3e-3,
    width: o.Width = 24,
    levels: o.Levels = 5,
    skip: o.Skips = 4,
    code: o.CodeChannels = 32,
    jitter: o.Jitter = 1 / 30,
    optimiser: o.Optimiser = "muon",
    lr: o.LearningRate = 0.01,
    steps: o.StepsAtMost = 1500,
    window: o.Window = 50,
    smoothing: o.Smoothing = 0.93,
    patience: o.Patience = 150,
    start: o.Start = 100,
    average: o.Average = 0.99,
) -> Fit:
    size = tuple(physics.A_adjoint(y).shape)
    rule, selection = early_stopping(WindowVariance(window, smoothing), patience=patience, start=start, average=average)
    return Fit(
        structure=Skip(len(size) - 2, code, size[1], size[2:], [width] * levels, skip),
        input=Code(y, size[2:], code, jitter),
        loss=BackProjection(physics.A, NormalInverse(physics.A, physics.A_adjoint, y, ridge)),
        regularisation=tv_weight * TotalVariation(),
        optimiser=OPTIMISERS[optimiser](lr),
        steps=steps,
        stop=rule,
        selection=selection,
    )
