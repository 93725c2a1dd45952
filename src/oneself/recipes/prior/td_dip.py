"""TD-DIP: a time-dependent deep image prior, for moving scenes measured a little at a time.

Given           y and A, with y = A(x) + noise, x a clip: (channels, time, height, width)
Structure       decoder h from a frame's code to the frame, the same for all frames, untrained
Input           a helix z: the code of each frame, near that of frames of the same phase
Loss            ‖A(h(z₁), …, h(z_T)) − y‖²
Regularisation  the structure of h, what the frames share, and early stopping

Yoo, Jin, Gupta, Yerly, Stuber, Unser. Time-dependent deep image prior for dynamic MRI. IEEE TMI 2021.
"""

from __future__ import annotations

from typing import Annotated, Any

from torch import Tensor

from oneself.core import Fit, Option, method
from oneself.inputs import Fixed
from oneself.losses import Fidelity
from oneself.networks import FrameDecoder, helix
from oneself.optim import adam, stepped
from oneself.recipes import options as o
from oneself.stopping import WindowVariance, early_stopping

# The paper halves the learning rate every 2000 steps and fits one frame a step; this one all frames.
NEAR_PUBLISHED = {"width": 128, "lr": 0.001, "steps": 10_000, "cycles": 13.0}


@method(
    "Time-dependent deep image prior (TD-DIP)",
    cite="Yoo, Jin, Gupta, Yerly, Stuber, Unser. Time-dependent deep image prior for dynamic MRI. IEEE TMI 2021.",
    tasks=("restore", "denoise", "inpaint"),
    dims=(3,),
    presets={"near-published": NEAR_PUBLISHED},
)
def td_dip(
    y: Tensor,
    physics: Any,
    *,
    cycles: Annotated[
        float, Option("turns of the helix: how often the scene repeats over the clip", low=0, high=1e4)
    ] = 1.0,
    width: o.Width = 48,
    levels: o.Levels = 4,
    lr: o.LearningRate = 0.002,
    steps: o.StepsAtMost = 3000,
    window: o.Window = 100,
    smoothing: o.Smoothing = 0.95,
    patience: o.Patience = 300,
    start: o.Start = 500,
    average: o.Average = 0.99,
) -> Fit:
    size = tuple(physics.A_adjoint(y).shape)
    codes = helix(size[2], cycles).to(y)
    rule, selection = early_stopping(WindowVariance(window, smoothing), patience=patience, start=start, average=average)
    return Fit(
        structure=FrameDecoder(codes.shape[1], width, size[1], size[3:], levels),
        input=Fixed(y, codes),
        loss=Fidelity(physics.A),
        optimiser=adam(lr),
        schedule=stepped(0.5, at=(0.4, 0.8)),
        steps=steps,
        stop=rule,
        selection=selection,
    )
