"""DeepRED: the deep image prior and regularisation by denoising, split by ADMM.

Given           y and A, with y = A(x) + noise
Structure       hourglass h with skip connections, untrained
Input           fixed uniform noise z, jittered at every step
Loss            ‖A(h(z)) − y‖²
Regularisation  λ xᵀ(x − D(x)) with a denoiser D, classical or pretrained, and x = h(z): between steps
                x ← (λ D(x) + μ (h + u)) / (λ + μ),  u ← u + h − x,  and μ‖h − x + u‖² joins the loss

Mataev, Elad, Milanfar. DeepRED: deep image prior powered by RED. ICCV Workshops 2019.
"""

from __future__ import annotations

from typing import Annotated, Any

from torch import Tensor

from oneself.core import Fit, Option, method
from oneself.inputs import Code
from oneself.losses import data_term
from oneself.networks import Skip
from oneself.optim import OPTIMISERS
from oneself.recipes import options as o
from oneself.recipes.plugged import prior
from oneself.recipes.prior.splitting import SplitFit
from oneself.stopping import stopping_by

# The paper's for denoising at σ = 25/255; in its code λ and μ also grow while the fit is close to y.
NEAR_PUBLISHED = {"width": 128, "optimiser": "adam", "steps": 6000, "stop": "never", "denoiser_sigma": 3 / 255}


@method(
    "DeepRED",
    cite="Mataev, Elad, Milanfar. DeepRED: deep image prior powered by RED. ICCV Workshops 2019.",
    tasks=("denoise", "inpaint", "super-resolve", "deblur", "restore"),
    dims=(2, 3),
    presets={"near-published": NEAR_PUBLISHED},
    gpu_preset="near-published",
)
def deep_red(
    y: Tensor,
    physics: Any,
    *,
    fidelity: o.Fidelity = "least-squares",
    ridge: o.Ridge = 3e-3,
    width: o.Width = 24,
    levels: o.Levels = 5,
    skip: o.Skips = 4,
    code: o.CodeChannels = 32,
    jitter: o.Jitter = 1 / 30,
    denoiser: o.Denoiser = "non-local-means",
    weights: o.PriorWeights = None,
    denoiser_sigma: o.DenoiserSigma = 5 / 255,
    red_weight: Annotated[float, Option("λ, weight of the denoiser", above=0, high=1e6)] = 0.5,
    penalty: o.Penalty = 0.5,
    denoise_every: o.DenoiseEvery = 10,
    optimiser: o.Optimiser = "muon",
    lr: o.LearningRate = 0.008,
    steps: o.StepsAtMost = 1500,
    stop: o.Stop = "auto",
    hold_out: o.HoldOut = 0.05,
    window: o.Window = 50,
    smoothing: o.Smoothing = 0.93,
    patience: o.Patience = 150,
    start: o.Start = 100,
    average: o.Average = 0.99,
) -> Fit:
    adjoint = physics.A_adjoint(y)
    rule, selection, where = stopping_by(
        stop, fidelity, y, physics.A, hold_out, window, smoothing, patience, start, average
    )
    denoise, notes = prior(denoiser, weights, denoiser_sigma, adjoint, "deep_red")

    def red(x: Tensor, v: Tensor) -> Tensor:
        """One fixed-point step towards ``argmin λ vᵀ(v - D(v)) + μ |v - x|²``."""
        moved: Tensor = (red_weight * denoise(v) + penalty * x) / (red_weight + penalty)
        return moved

    return SplitFit(
        proximal=red,
        every=denoise_every,
        copy=adjoint,
        structure=Skip(adjoint.ndim - 2, code, adjoint.shape[1], adjoint.shape[2:], [width] * levels, skip),
        input=Code(y, tuple(adjoint.shape[2:]), code, jitter, where),
        loss=data_term(fidelity, physics, y, ridge=ridge, steps=steps),
        penalty=penalty,
        optimiser=OPTIMISERS[optimiser](lr),
        steps=steps,
        stop=rule,
        selection=selection,
        notes=notes,
    )
