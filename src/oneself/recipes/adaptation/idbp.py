"""IDBP: iterative denoising and backward projections, with a pretrained denoiser.

Given           y and A, with y = A(x) + noise of level σ, and a denoiser D that was trained on other pictures
Structure       D, as it came
Input           z, at first what A makes undone as far as it can be
Loss            none: in turns x ← D(z; σ + δ) and z ← x + Aᵀ(AAᵀ + εI)⁻¹(y − A x)
Regularisation  D; δ falls over the iterations; x = z where there is no noise

Tirer, Giryes. Image restoration by iterative denoising and backward projections. IEEE TIP 2019.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from oneself.core import Stage, method
from oneself.recipes import options as o
from oneself.recipes.adaptation import back_projecting as b
from oneself.recipes.adaptation.calling import network_of
from oneself.recipes.plugged import Weights, plugged


@method(
    "Iterative denoising and backward projections (IDBP)",
    cite="Tirer, Giryes. Image restoration by iterative denoising and backward projections. IEEE TIP 2019.",
    tasks=("inpaint", "deblur", "super-resolve", "restore"),
    dims=(2,),
    deterministic=True,
)
def idbp(
    y: Tensor,
    physics: Any,
    *,
    weights: Weights = None,
    sigma: o.Sigma = None,
    delta_first: b.DeltaFirst = None,
    delta_last: b.DeltaLast = None,
    ridge: b.Ridge = None,
    steps: b.Iterations = 30,
    tile: o.Tile = 1024,
) -> Stage:
    problem = b.posed(
        y, physics, "idbp", sigma=sigma, delta_first=delta_first, delta_last=delta_last, ridge=ridge, steps=steps
    )
    network, _ = network_of(weights, y.device, "idbp", channels=problem.start.shape[1])
    denoise, notes = plugged(network, problem.start, problem.levels[0], "idbp", tile)
    return b.BackProjecting(problem, denoise, notes)
