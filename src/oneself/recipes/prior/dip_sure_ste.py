"""DIP-SURE with stochastic temporal ensemble: fresh noise on the observation at every step, and an estimated error.

Given           y = x + noise, Gaussian of level σ, or Poisson (y = gain · Poisson(x / gain))
Structure       hourglass h with skip connections, untrained
Input           y + γ at every step, γ Gaussian of a level drawn anew, up to a share of σ
Loss            extended SURE: ‖h(y + γ) − y‖² − nσ² + 2σ² div h(y + γ); PURE for Poisson noise (σ² → gain · y)
Regularisation  the divergence; it stops where the estimated error is next to zero, and averages the outputs

Jo, Chun, Choi. Rethinking deep image prior for denoising. ICCV 2021.
"""

from __future__ import annotations

from typing import Annotated, Any

import torch
from torch import Tensor

from oneself.core import Fit, Option, method
from oneself.inputs import Observation
from oneself.networks import Skip
from oneself.noise import known_level
from oneself.optim import adam, stepped
from oneself.recipes import options as o
from oneself.recipes.prior.risk import RiskFit
from oneself.stopping import Average, Objective


@method(
    "DIP-SURE with stochastic temporal ensemble",
    cite="Jo, Chun, Choi. Rethinking deep image prior for denoising. ICCV 2021.",
    tasks=("denoise",),
    presets={"published-network": {"width": 48, "levels": 5, "skip": 48}},
)
def dip_sure_ste(
    y: Tensor,
    physics: Any,
    *,
    sigma: o.Sigma = None,
    gain: Annotated[
        float | None,
        Option(
            "of Poisson noise: the variance is gain times the brightness; none for Gaussian noise",
            low=1e-9,
            high=100,
            unit="counts",
        ),
    ] = None,
    sigma_z: Annotated[
        float, Option("highest standard deviation of the noise added to the input, relative to σ", low=0, high=100)
    ] = 0.5,
    width: o.Width = 32,
    levels: o.Levels = 5,
    skip: o.Skips = 16,
    lr: o.LearningRate = 0.005,
    steps: o.StepsAtMost = 2000,
    smoothing: o.Smoothing = 0.98,
    start: o.Start = 200,
    extra_steps: o.ExtraSteps = 150,
    average: o.Average = 0.99,
) -> Fit:
    if gain is not None and sigma is not None:
        raise ValueError(f"dip_sure_ste(sigma={sigma:g}, gain={gain:g}): Gaussian or Poisson noise. Give one of them.")
    variance: float | Tensor
    if gain is None:
        level, notes = known_level(y[0].cpu().numpy(), sigma, "dip_sure_ste")
        variance = level**2
    else:
        variance, notes = gain * y.clamp(min=0), ()
        level = float(variance.mean().sqrt())
        if not level > 0:
            raise ValueError(
                f"dip_sure_ste(gain={gain:g}): the image is nowhere above 0. Give sigma= for Gaussian noise."
            )
    return RiskFit(
        A=physics.A,
        variance=torch.as_tensor(variance),
        shift=max(1e-3, level / 10),
        structure=Skip(y.ndim - 2, y.shape[1], y.shape[1], y.shape[2:], [width] * levels, skip),
        input=Observation(y, physics.A_adjoint, jitter=sigma_z * level),
        optimiser=adam(lr),
        schedule=stepped(0.5, at=(0.25, 0.5, 0.75)),
        steps=steps,
        estimate=Objective(smoothing),
        start=start,
        extra_steps=extra_steps,
        selection=Average(average),
        notes=notes,
    )
