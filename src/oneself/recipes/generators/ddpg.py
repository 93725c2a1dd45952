"""DDPG: a denoiser walks from noise to a picture, and every step is guided to the measurement.

Given           y and A, with y = A(x) + noise, and a denoiser D, blind or told the level, of pictures like x
Structure       D, as it came
Input           noise of a high level at first, then what the step before left, with less noise
Loss            none: D(x) moves by back-projection at high levels, by least squares at low ones
Regularisation  what D makes of noise

Garber, Tirer. Image restoration by denoising diffusion models with iteratively preconditioned guidance. CVPR 2024.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from oneself.core import Stage, method
from oneself.recipes.generators import options as g
from oneself.recipes.generators.diffusing import GuidedDiffusion, denoiser_of


@method(
    "Diffusion with iteratively preconditioned guidance (DDPG)",
    cite="Garber, Tirer. Image restoration by denoising diffusion models with iteratively preconditioned guidance. "
    "CVPR 2024.",
    tasks=("restore", "inpaint", "super-resolve"),
    dims=(2,),
)
def ddpg(
    y: Tensor,
    physics: Any,
    *,
    weights: g.Denoiser = None,
    sigma: g.NoiseLevel = 0.0,
    gamma: g.Gamma = 8.0,
    zeta: g.Zeta = 0.7,
    eta: g.Eta = 0.5,
    highest: g.Highest = 1.0,
    steps: g.DiffusionSteps = 100,
) -> Stage:
    denoise, notes = denoiser_of(weights, physics.A_adjoint(y), "ddpg")
    return GuidedDiffusion(
        denoise,
        y,
        physics,
        sigma=sigma,
        gamma=gamma,
        zeta=zeta,
        eta=eta,
        steps=steps,
        highest=highest,
        notes=notes,
    )
