"""Noise2Noise: two noisy shots of one scene, each to explain the other.

Given           y and y₂ with y = x + noise, y₂ = x + noise; the noise of one independent of that of the
                other, of whatever kind, of mean 0
Structure       U-net h that predicts the noise
Input           y, and y₂
Loss            ½‖h(y) − y₂‖² + ½‖h(y₂) − y‖²
Regularisation  averaged weights, and stopping by elements that are never a target

Lehtinen, Munkberg, Hasselgren, Laine, Karras, Aittala, Aila. Noise2Noise: learning image restoration without clean
data. ICML 2018.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from torch import Tensor, nn

from oneself.core import Fit, Option, WeightAverage, method
from oneself.imaging.registration import Shift, overlapping, shift_between
from oneself.inputs import Shots, some_of
from oneself.losses import Fidelity
from oneself.networks import Residual, UNet, mean_of_views
from oneself.operators.alignment import turns
from oneself.optim import OPTIMISERS
from oneself.recipes import options as o
from oneself.stopping import validated

FAR = 3  # a shift of more than this part of a side leaves too little in common


@method(
    "Noise2Noise",
    cite="Lehtinen et al. Noise2Noise: learning image restoration without clean data. ICML 2018.",
    tasks=("denoise",),
)
def noise2noise(
    y: Tensor,
    physics: Any,
    *,
    second: Annotated[
        Tensor | None, Option("another noisy shot of the same scene, of the same size; it is needed")
    ] = None,
    width: o.Width = 32,
    levels: o.Levels = 2,
    patch: o.Patch = 48,
    patches: o.Patches = 1,
    optimiser: o.Optimiser = "muon",
    lr: o.LearningRate = 3e-3,
    steps: o.StepsAtMost = 2000,
    average: o.WeightAverage = 0.99,
    hold_out: o.HoldOut = 0.1,
    patience: o.Patience = 300,
    validate_every: o.ValidateEvery = 25,
    ensemble: o.Ensemble = True,
    tile: o.Tile = 512,
) -> Fit:
    other = _checked(y, second)
    shift = shift_between(y, other)
    _check_shift(y, shift)
    first, same = overlapping(y, other, shift.whole)
    dims, size = y.ndim - 2, [min(n, patch) for n in first.shape[2:]]
    shots = Shots(first, same, patch, patches, some_of(first, hold_out))
    body = UNet(dims, y.shape[1], y.shape[1], size, width=width, levels=levels)
    network = Residual(body, sign=-1.0)
    mean = WeightAverage(network, average)
    views = turns([1.0] * dims, transpose=dims == 2)[: None if ensemble else 1]

    def output(h: nn.Module) -> Tensor:
        x, again = (mean_of_views(h, shot, views, reach=body.reach, tile=body.whole(tile)) for shot in (y, other))
        shown, also = overlapping(x, again, shift.whole)
        shown += (also - shown) / 2  # a view of x: beyond what both show, the first alone tells
        return x

    stop, selection = validated(mean.network, shots.held_out(), output, every=validate_every, patience=patience)
    return Fit(
        structure=network,
        input=shots,
        loss=Fidelity(),
        optimiser=OPTIMISERS[optimiser](lr),
        steps=steps,
        average=mean,
        stop=stop,
        selection=selection,
        output=output,
        answer_cost=len(views) * math.prod(y.shape[2:]) / (3 * patches * math.prod(size)),
        image_output=False,
        notes=(f"noise2noise: the second shot lies {shift.words()} from the first; {_dealt_with(shift)}",)
        if any(shift.exact)
        else (),
    )


def _checked(y: Tensor, second: Tensor | None) -> Tensor:
    if second is None:
        raise ValueError("noise2noise(second=None): a second shot of the scene is needed. Give second=, or use zs_n2n.")
    if second.shape != y.shape:
        raise ValueError(
            f"noise2noise(second.shape={tuple(second.shape)}): the first shot is {tuple(y.shape)}. Give two shots of "
            "one size and of as many channels."
        )
    if second.equal(y):
        raise ValueError("noise2noise(second=…): it is the first shot itself. Give another one, or use zs_n2n.")
    return second


def _check_shift(y: Tensor, shift: Shift) -> None:
    if any(FAR * abs(by) > n for by, n in zip(shift.whole, y.shape[2:], strict=True)):
        raise ValueError(
            f"noise2noise(second=…): it lies {shift.words()} from the first shot: they have too little in common. Cut "
            "both to what both show."
        )


def _dealt_with(shift: Shift) -> str:
    if not any(shift.whole):
        return "less than half an element is left as it is, and may blur what is fine"
    rest = max(abs(e - w) for e, w in zip(shift.exact, shift.whole, strict=True))
    return "whole elements of it were undone" + (f", {rest:.1f} px are left" if rest >= 0.1 else "")
