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
from oneself.losses import TotalVariation
from oneself.recipes import options as o
from oneself.recipes.prior.back_projected import back_projected


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
    return back_projected(
        y,
        physics,
        ridge=ridge,
        width=width,
        levels=levels,
        skip=skip,
        code=code,
        jitter=jitter,
        optimiser=optimiser,
        lr=lr,
        steps=steps,
        window=window,
        smoothing=smoothing,
        patience=patience,
        start=start,
        average=average,
        regularisation=tv_weight * TotalVariation(),
    )
