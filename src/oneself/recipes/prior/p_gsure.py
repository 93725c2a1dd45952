"""P-GSURE: the projected generalised SURE, for any linear operator.

Given           y = A(x) + noise, Gaussian of level σ
Structure       hourglass h with skip connections, untrained
Input           Aᵀy
Loss            ‖A h(Aᵀy) − y‖²_G + 2σ² div(G A h(Aᵀy)), G = (AAᵀ + εI)⁻¹, the divergence by one random probe a step
Regularisation  the divergence: fitting noise costs what it gains; the estimate has a floor just above 0, where no
                error is, and the run ends there: beyond it the network would learn to please the estimate; with a
                prior, also a denoiser D, split off as in PnP-DIP

Abu-Hussein, Tirer, Chun, Eldar, Giryes. Image restoration by deep projected GSURE. WACV 2022.
Eldar. Generalized SURE for exponential families. IEEE TSP 2009.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from torch import Tensor

from oneself.core import Fit, Option, method
from oneself.inputs import Observation
from oneself.networks import Skip
from oneself.noise import known_level
from oneself.operators import NormalInverse, share_of_gaps
from oneself.optim import adam
from oneself.recipes import options as o
from oneself.recipes.plugged import prior
from oneself.recipes.prior.risk import RiskFit, SplitRiskFit
from oneself.stopping import Average, Objective, Patience

# The paper's run takes all its steps and returns the output of the lowest estimate; this one ends at its floor.
NEAR_PUBLISHED = {"width": 128, "skip": 4, "lr": 0.01, "steps": 10_000}


@method(
    "Deep projected GSURE (P-GSURE)",
    cite="Abu-Hussein, Tirer, Chun, Eldar, Giryes. Image restoration by deep projected GSURE. WACV 2022.",
    tasks=("deblur", "super-resolve", "inpaint", "restore"),
    presets={"near-published": NEAR_PUBLISHED},
)
def p_gsure(
    y: Tensor,
    physics: Any,
    *,
    sigma: o.Sigma = None,
    ridge: o.Ridge = 1e-2,
    denoiser: Annotated[
        Literal["none", "non-local-means", "total-variation", "bm3d", "pretrained"],
        Option("a denoiser D by the side, if any; 'bm3d' needs the package of that name, 'pretrained' weights"),
    ] = "none",
    weights: o.PriorWeights = None,
    denoiser_sigma: o.DenoiserSigma = 10 / 255,
    penalty: o.Penalty = 0.03,
    denoise_every: o.DenoiseEvery = 10,
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
    adjoint = physics.A_adjoint(y)
    level, notes = known_level(y[0].cpu().numpy(), sigma, "p_gsure", share_of_gaps(physics, y))
    risk = Objective(smoothing, without=("coupling",))
    channels = adjoint.shape[1]
    parts: dict[str, Any] = {
        "A": physics.A,
        "variance": level**2,
        "shift": max(1e-3, level / 10),
        "inverse": NormalInverse(physics.A, physics.A_adjoint, y, ridge),
        "structure": Skip(adjoint.ndim - 2, channels, channels, adjoint.shape[2:], [width] * levels, skip),
        "input": Observation(y, physics.A_adjoint),
        "optimiser": adam(lr),
        "steps": steps,
        "estimate": risk,
        "start": start,
        "extra_steps": extra_steps,
        "stop": Patience(risk, patience, start),
        "selection": Average(average),
        "notes": notes,
    }
    if denoiser == "none":
        return RiskFit(**parts)
    denoise, more = prior(denoiser, weights, denoiser_sigma, adjoint, "p_gsure")
    parts["notes"] = (*notes, *more)
    split = {"every": denoise_every, "copy": adjoint, "penalty": penalty, "begin": start}
    return SplitRiskFit(proximal=lambda x, _: denoise(x), **split, **parts)
