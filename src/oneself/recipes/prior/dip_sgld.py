"""DIP-SGLD: the deep image prior as a Bayesian model, sampled by Langevin dynamics.

Given           y and A, with y = A(x) + noise, Gaussian of level σ
Structure       hourglass h with skip connections, untrained
Input           fixed uniform noise z, jittered at every step
Loss            n/(2σ²) ‖A(h(z)) − y‖²/n, the energy of the posterior
Regularisation  noise on the weights at every step, that makes the steps samples: their mean is the image, their
                standard deviation its uncertainty. It begins from a fit, as the first steps only descend; a
                temperature below 1 (a cold posterior) then samples what is about as far from y as the noise is

Cheng, Gadelha, Maji, Sheldon. A Bayesian perspective on the deep image prior. CVPR 2019.
"""

from __future__ import annotations

from typing import Annotated, Any

from torch import Tensor

from oneself.core import Fit, Option, method
from oneself.inputs import Code
from oneself.losses import Fidelity
from oneself.networks import Skip
from oneself.noise import known_level
from oneself.operators import share_of_gaps
from oneself.optim import langevin
from oneself.recipes import options as o
from oneself.stopping import Posterior


@method(
    "DIP with Langevin dynamics (DIP-SGLD)",
    cite="Cheng, Gadelha, Maji, Sheldon. A Bayesian perspective on the deep image prior. CVPR 2019.",
    tasks=("denoise", "inpaint", "super-resolve", "deblur", "restore"),
    presets={
        "published-network": {
            **{"width": 128, "steps": 20_000, "burn_in": 7000},
            **{"descent": 0, "temperature": 1.0, "lr": 0.01},
        }
    },
)
def dip_sgld(
    y: Tensor,
    physics: Any,
    *,
    sigma: o.Sigma = None,
    temperature: Annotated[
        float,
        Option("temperature of the posterior: 1 samples it as it is, less stays nearer its peak", low=1e-9, high=1e6),
    ] = 0.2,
    burn_in: Annotated[int, Option("steps before the samples count; at most half of all", low=0, high=10**7)] = 400,
    descent: Annotated[int, Option("steps of the burn-in that only descend, without noise", low=0, high=10**7)] = 400,
    width: o.Width = 24,
    levels: o.Levels = 5,
    skip: o.Skips = 4,
    code: o.CodeChannels = 32,
    jitter: o.Jitter = 1 / 30,
    lr: o.LearningRate = 0.003,
    steps: o.Steps = 1200,
) -> Fit:
    size = tuple(physics.A_adjoint(y).shape)
    level, notes = known_level(y[0].cpu().numpy(), sigma, "dip_sgld", share_of_gaps(physics, y))
    burn_in = min(burn_in, steps // 2)
    return Fit(
        structure=Skip(len(size) - 2, code, size[1], size[2:], [width] * levels, skip),
        input=Code(y, size[2:], code, jitter),
        loss=Fidelity(physics.A),
        optimiser=langevin(lr, energy=y.numel() / (2 * level**2 * temperature), descent=min(descent, burn_in)),
        steps=steps,
        selection=Posterior(burn_in),
        notes=notes,
    )
