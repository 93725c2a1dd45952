"""GainTuning: one gain for every channel of a pretrained denoiser, fitted to the picture.

Given           y = x + noise, and a denoiser f that was trained on other pictures
Structure       f, the channels of every convolution multiplied by gains γ
Input           y; or y with some elements replaced by neighbours
Loss            SURE: ‖f(y) − y‖² − nσ² + 2σ² div f(y), by one probe a step; or Noise2Void's, at what is replaced
Regularisation  nothing but γ moves; squares of the picture are held out, and the answer is f's own unless the error
                there is surely lower

Mohan, Vincent, Manzorro, Crozier, Fernandez-Granda, Simoncelli. Adaptive denoising via GainTuning. NeurIPS 2021.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.recipes import options as o
from oneself.recipes.adaptation import options as a
from oneself.recipes.adaptation.adapting import adapting


@method(
    "GainTuning",
    cite="Mohan, Vincent, Manzorro, Crozier, Fernandez-Granda, Simoncelli. Adaptive denoising via GainTuning. 2021.",
    tasks=("denoise",),
    dims=(2,),
    needs=("A",),
)
def gain_tuning(
    y: Tensor,
    physics: Any,
    *,
    weights: a.Weights = None,
    loss: Annotated[
        Literal["sure", "noise2void"], Option("what is minimised: Stein's estimate, or the error at hidden elements")
    ] = "sure",
    sigma: o.Sigma = None,
    lr: a.LearningRate = None,
    steps: a.Steps = 200,
    patch: a.Patch = 128,
    patches: o.Patches = 1,
    hold_out: a.HoldOut = 0.2,
    validate_every: o.ValidateEvery = 10,
    patience: o.Patience = 60,
    caution: a.Caution = 0.5,
    tile: o.Tile = 1024,
) -> Stage:
    return adapting(
        y,
        "gain_tuning",
        weights=weights,
        what="gains",
        loss=loss,
        sigma=sigma,
        lr=lr,
        steps=steps,
        patch=patch,
        patches=patches,
        hold_out=hold_out,
        validate_every=validate_every,
        patience=patience,
        caution=caution,
        tile=tile,
    )
