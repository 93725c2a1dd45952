"""DIP-SURE: a network from the observation to the image, trained on an estimate of its error.

Given           y = x + noise, Gaussian of level σ
Structure       hourglass h with skip connections, untrained
Input           y itself
Loss            SURE: ‖h(y) − y‖² − nσ² + 2σ² div h(y), the divergence by one random probe a step
Regularisation  the divergence: fitting noise costs what it gains; the estimate has a floor just above 0, where no
                error is, and the run ends there: beyond it the network would learn to please the estimate

Metzler, Mousavi, Heckel, Baraniuk. Unsupervised learning with Stein's unbiased risk estimator. 2018.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from oneself.core import Fit, method
from oneself.inputs import Observation
from oneself.networks import Skip
from oneself.noise import known_level
from oneself.optim import adam
from oneself.recipes import options as o
from oneself.recipes.prior.risk import RiskFit
from oneself.stopping import Average, Objective, Patience

# The paper's skip connections have 15, 13, … 1 channels from the finest level down; here all have as many.
NEAR_PUBLISHED = {"width": 128, "levels": 8, "skip": 8, "lr": 0.001, "steps": 200, "average": 0.0}


@method(
    "DIP with Stein's unbiased risk estimate (DIP-SURE)",
    cite="Metzler, Mousavi, Heckel, Baraniuk. Unsupervised learning with Stein's unbiased risk estimator. 2018.",
    tasks=("denoise",),
    presets={"near-published": NEAR_PUBLISHED},
)
def dip_sure(
    y: Tensor,
    physics: Any,
    *,
    sigma: o.Sigma = None,
    width: o.Width = 32,
    levels: o.Levels = 5,
    skip: o.Skips = 16,
    lr: o.LearningRate = 0.003,
    steps: o.StepsAtMost = 3000,
    smoothing: o.Smoothing = 0.98,
    patience: o.Patience = 300,
    start: o.Start = 200,
    extra_steps: o.ExtraSteps = 150,
    average: o.Average = 0.99,
) -> Fit:
    level, notes = known_level(y[0].cpu().numpy(), sigma, "dip_sure")
    risk = Objective(smoothing)
    return RiskFit(
        A=physics.A,
        variance=level**2,
        shift=max(1e-3, level / 10),
        structure=Skip(y.ndim - 2, y.shape[1], y.shape[1], y.shape[2:], [width] * levels, skip),
        input=Observation(y, physics.A_adjoint),
        optimiser=adam(lr),
        steps=steps,
        estimate=risk,
        start=start,
        extra_steps=extra_steps,
        stop=Patience(risk, patience, start),
        selection=Average(average),
        notes=notes,
    )
