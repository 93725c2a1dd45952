"""DIP: the deep image prior.

Given           y and A, with y = A(x) + noise
Structure       hourglass h with skip connections, untrained
Input           fixed uniform noise z, or where every element is, or a guide; jittered at every step
Loss            ‖A(h(z)) − y‖²
Regularisation  the structure of h, and early stopping: by the error on measurements held out, or by
                the outputs' windowed variance (ES-WMV)

Ulyanov, Vedaldi, Lempitsky. Deep image prior. CVPR 2018.
Wang, Li, Zhuang, Chen, Liang, Sun. Early stopping for deep image prior. TMLR 2023.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from torch import Tensor

from oneself.core import Fit, Input, Option, StoppingRule, method
from oneself.inputs import Code, Coordinates, Fixed
from oneself.losses import data_term
from oneself.networks import Skip
from oneself.optim import OPTIMISERS
from oneself.recipes import options as o
from oneself.stopping import Below, Residual, stopping_by

PUBLISHED = {
    "width": 128,
    "levels": 5,
    "optimiser": "adam",
    "stop": "variance",
    "steps": 5000,
    "window": 100,
    "smoothing": 0.0,
    "patience": 1000,
}
# for other tasks a number of steps is published for each
PAPERS = {
    **{"width": 128, "levels": 5, "optimiser": "adam"},
    **{"lr": 0.01, "stop": "never", "jitter": 0.03, "average": 0.0},
}
PRESETS: dict[str, dict[str, Any]] = {
    "published": PUBLISHED,
    "jpeg": {**PAPERS, "code": 3, "jitter": 1 / 30, "steps": 2400, "average": 0.99},
    "text": {**PAPERS, "skip": 128, "upsampling": "nearest", "steps": 6001},
    "large-hole": {**PAPERS, "input": "positions", "skip": 0, "upsampling": "nearest", "steps": 5001},
    "half-missing": {**PAPERS, "lr": 0.001, "steps": 11_000},
    "super-resolve-x4": {**PAPERS, "steps": 2000},
    "super-resolve-x8": {**PAPERS, "jitter": 0.05, "steps": 4000},
    "flash": {**PAPERS, "lr": 0.1, "jitter": 0.0, "steps": 601},
}


@method(
    "Deep Image Prior",
    cite="Ulyanov, Vedaldi, Lempitsky. Deep image prior. CVPR 2018. Stopping by variance: Wang, Li, Zhuang, Chen, "
    "Liang, Sun. Early stopping for deep image prior. TMLR 2023.",
    tasks=("denoise", "inpaint", "super-resolve", "deblur", "restore"),
    presets=PRESETS,
    gpu_preset="published",
)
def dip(
    y: Tensor,
    physics: Any,
    *,
    fidelity: o.Fidelity = "least-squares",
    ridge: o.Ridge = 3e-3,
    width: o.Width = 24,
    levels: o.Levels = 5,
    skip: o.Skips = 4,
    upsampling: o.Upsampling = "linear",
    input: Annotated[Literal["noise", "positions"], Option("the network's input where there is no guide")] = "noise",
    guide: o.Guide = None,
    code: o.CodeChannels = 32,
    jitter: o.Jitter = 1 / 30,
    optimiser: o.Optimiser = "muon",
    lr: o.LearningRate = 0.01,
    steps: o.StepsAtMost = 1500,
    stop: Annotated[
        Literal["auto", "held-out", "variance", "moving-variance", "discrepancy", "never"],
        Option(o.STOPS + "; 'discrepancy', until the residual is as large as the noise"),
    ] = "auto",
    hold_out: o.HoldOut = 0.05,
    window: o.Window = 50,
    smoothing: o.Smoothing = 0.93,
    patience: o.Patience = 150,
    start: o.Start = 100,
    sigma: Annotated[
        float | None,
        Option("noise level in the picture's own units, for 'discrepancy'", low=1e-9, high=100, unit="level"),
    ] = None,
    average: o.Average = 0.99,
) -> Fit:
    if sigma is not None and stop != "discrepancy":
        raise ValueError(
            f"dip(sigma={sigma:g}, stop={stop!r}): the noise level only counts with stop='discrepancy'. "
            "Give both, or leave sigma out."
        )
    if guide is not None and input != "noise":
        raise ValueError(f"dip(guide=…, input={input!r}): the guide is the input. Leave one of them out.")
    size = tuple(physics.A_adjoint(y).shape)
    early = "never" if stop == "discrepancy" else stop
    rule, selection, where = stopping_by(
        early, fidelity, y, physics.A, hold_out, window, smoothing, patience, start, average
    )
    if stop == "discrepancy":
        rule = _discrepancy(y, physics, sigma, start)
    channels = guide.shape[1] if guide is not None else len(size) - 2 if input == "positions" else code
    network = Skip(len(size) - 2, channels, size[1], size[2:], [width] * levels, skip, upsampling == "linear")
    given: Input
    if guide is not None:
        given = Fixed(y, guide, jitter, where)
    elif input == "positions":
        given = Coordinates(y, size[2:], jitter, where)
    else:
        given = Code(y, size[2:], code, jitter, where)
    return Fit(
        structure=network,
        input=given,
        loss=data_term(fidelity, physics, y, ridge=ridge, steps=steps),
        optimiser=OPTIMISERS[optimiser](lr),
        steps=steps,
        stop=rule,
        selection=selection,
        rise=10**0.5,  # the published code goes back when the fit falls by 5 dB
    )


def _discrepancy(y: Tensor, physics: Any, sigma: float | None, start: int) -> StoppingRule:
    if sigma is None:
        raise ValueError("dip(stop='discrepancy', sigma=None): the noise level is needed. Give sigma=.")
    return Below(Residual(y, sigma, physics.A), 1.0, start)
