"""PIP: a positional-encoding image prior.

Given           y and A, with y = A(x) + noise
Structure       hourglass h of 1×1 convolutions with skip connections, untrained
Input           waves of several lengths along every axis: where each element is
Loss            ‖A(h(z)) − y‖²
Regularisation  the structure of h, and early stopping

Shabtay, Schwartz, Giryes. PIP: positional-encoding image prior. 2022.
"""

from __future__ import annotations

from typing import Annotated, Any

from torch import Tensor

from oneself.core import Fit, Option, method
from oneself.inputs import Positions
from oneself.losses import Fidelity
from oneself.networks import Skip
from oneself.optim import OPTIMISERS
from oneself.recipes import options as o
from oneself.stopping import stopping_by

PUBLISHED = {"width": 128, "max_frequency": 256.0, "optimiser": "adam", "steps": 1800, "jitter": 0.0, "stop": "never"}


@method(
    "Positional-encoding image prior (PIP)",
    cite="Shabtay, Schwartz, Giryes. PIP: positional-encoding image prior. 2022.",
    tasks=("denoise", "inpaint", "super-resolve", "deblur", "restore"),
    presets={"published": PUBLISHED},
    gpu_preset="published",
)
def pip(
    y: Tensor,
    physics: Any,
    *,
    frequencies: Annotated[int, Option("waves along every axis", low=1, high=256)] = 8,
    max_frequency: Annotated[float, Option("periods of the shortest wave across the image", above=1, high=1e4)] = 64.0,
    width: o.Width = 64,
    levels: o.Levels = 5,
    skip: o.Skips = 4,
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
    size = tuple(physics.A_adjoint(y).shape)
    rule, selection, where = stopping_by(
        stop, "least-squares", y, physics.A, hold_out, window, smoothing, patience, start, average
    )
    positions = Positions(y, size[2:], frequencies, max_frequency, jitter, where)
    return Fit(
        structure=Skip(len(size) - 2, positions.z.shape[1], size[1], size[2:], [width] * levels, skip, kernel=1),
        input=positions,
        loss=Fidelity(physics.A),
        optimiser=OPTIMISERS[optimiser](lr),
        steps=steps,
        stop=rule,
        selection=selection,
    )
