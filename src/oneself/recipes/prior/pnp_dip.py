"""PnP-DIP: the deep image prior and a plugged-in denoiser, split by ADMM.

Given           y and A, with y = A(x) + noise
Structure       hourglass h with skip connections, untrained
Input           fixed uniform noise z, jittered at every step
Loss            ‖A(h(z)) − y‖²
Regularisation  a denoiser D, classical or pretrained, in place of a proximal step: between steps
                x ← D(h + u),  u ← u + h − x,  and μ‖h − x + u‖² joins the loss

Sun, Latorre, Sanchez, Cevher. A plug-and-play deep image prior. ICASSP 2021.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from oneself.core import Fit, method
from oneself.inputs import Code
from oneself.losses import data_term
from oneself.networks import Skip
from oneself.optim import OPTIMISERS
from oneself.recipes import options as o
from oneself.recipes.plugged import prior
from oneself.recipes.prior.splitting import SplitFit
from oneself.stopping import stopping_by


@method(
    "Plug-and-play DIP (PnP-DIP)",
    cite="Sun, Latorre, Sanchez, Cevher. A plug-and-play deep image prior. ICASSP 2021.",
    tasks=("denoise", "inpaint", "super-resolve", "deblur", "restore"),
    dims=(2, 3),
    presets={"published-network": {"width": 128, "optimiser": "adam", "steps": 5000}},
    gpu_preset="published-network",
)
def pnp_dip(
    y: Tensor,
    physics: Any,
    *,
    denoiser: o.Denoiser = "non-local-means",
    weights: o.PriorWeights = None,
    denoiser_sigma: o.DenoiserSigma = 10 / 255,
    penalty: o.Penalty = 0.5,
    denoise_every: o.DenoiseEvery = 10,
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
    adjoint = physics.A_adjoint(y)
    denoise, notes = prior(denoiser, weights, denoiser_sigma, adjoint, "pnp_dip")
    rule, selection, where = stopping_by(
        stop, fidelity, y, physics.A, hold_out, window, smoothing, patience, start, average
    )
    return SplitFit(
        proximal=lambda x, _: denoise(x),
        every=denoise_every,
        copy=adjoint,
        penalty=penalty,
        structure=Skip(adjoint.ndim - 2, code, adjoint.shape[1], adjoint.shape[2:], [width] * levels, skip),
        input=Code(y, tuple(adjoint.shape[2:]), code, jitter, where),
        loss=data_term(fidelity, physics, y, ridge=ridge, steps=steps),
        optimiser=OPTIMISERS[optimiser](lr),
        steps=steps,
        stop=rule,
        selection=selection,
        notes=notes,
    )
