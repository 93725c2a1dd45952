"""Noise2Void: blind spots in random places, and their structured kin.

Given           y, with y = x + noise; the noise of an element independent of that of all others, or of
                all but its near ones, or of all but its line's
Structure       U-net h
Input           y with some elements, and what shares their noise, replaced by neighbours
Loss            ‖m · (h(replaced y) − y)‖²: only at the masked elements
Regularisation  the blindness itself, averaged weights, and stopping by elements that are never asked for; in the
                answer, h + v (y − h) / (v + σ²), where v is the power that y − h has above σ², the noise's

Krull, Buchholz, Jug. Noise2Void: learning denoising from single noisy images. CVPR 2019.
Broaddus, Krull, Weigert, Schmidt, Myers. Removing structured noise with self-supervised blind-spot networks. ISBI 2020.
Höck, Buchholz, Brachmann, Jug, Freytag. N2V2: fixing Noise2Void checkerboard artifacts. ECCV workshops 2022.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from oneself.core import Fit, Option, WeightAverage, method
from oneself.inputs import BlindSpots, Offset, disc, line, some_of
from oneself.losses import Fidelity
from oneself.networks import UNet, mean_of_views
from oneself.noise import SHARED, channel_correlation, describe_noise, known_noise, line_offsets, noise_power
from oneself.operators.alignment import turns
from oneself.optim import OPTIMISERS
from oneself.recipes import options as o
from oneself.recipes.posterior import posterior_mean, variance_at
from oneself.stopping import validated

# Not the paper's steps (80,000), its batch normalisation, nor its cuts of the learning rate.
NEAR_PUBLISHED = {
    "structure": "none",
    "replace": "uniform",
    "radius": 5,
    "mask_fraction": 0.002,
    "patch": 64,
    "patches": 128,
    "optimiser": "adam",
    "lr": 4e-4,
    "mix": False,
}
DENSER = 3.0  # times the share that may be hidden where each element takes others along
FARTHEST = 6  # extent of correlated noise that is hidden: if more were hidden, too little would be left to predict from


@method(
    "Noise2Void",
    cite="Krull, Buchholz, Jug. Noise2Void: learning denoising from single noisy images. CVPR 2019. Structured noise: "
    "Broaddus, Krull, Weigert, Schmidt, Myers. Removing structured noise with self-supervised blind-spot networks. "
    "ISBI 2020. Replacement by means and medians: Höck, Buchholz, Brachmann, Jug, Freytag. N2V2. ECCV workshops 2022. "
    "Mixing: Laine, Karras, Lehtinen, Aila. High-quality self-supervised deep image denoising. NeurIPS 2019.",
    tasks=("denoise",),
    needs=("A",),
    presets={"near-published": NEAR_PUBLISHED},
)
def noise2void(
    y: Tensor,
    physics: Any,
    *,
    structure: Annotated[
        Literal["auto", "none", "horizontal", "vertical", "disc"],
        Option("which neighbours share noise: none, those of a line, those of a disc; 'auto': as measured"),
    ] = "auto",
    extent: Annotated[
        int | None,
        Option(
            "distance, in elements, beyond which noise is not correlated; measured unless given. For 'horizontal' and "
            "'vertical' none means whole lines, whose offsets are subtracted first",
            low=1,
            high=4096,
        ),
    ] = None,
    replace: o.Replace = "mean",
    radius: o.Radius = 2,
    mask_fraction: Annotated[
        float,
        Option(
            "share of the elements masked and predicted at a step; fewer where neighbours are masked with them",
            above=0,
            below=0.5,
        ),
    ] = 0.1,
    shared: o.Shared = None,
    width: o.Width = 32,
    levels: o.Levels = 2,
    patch: o.Patch = 48,
    patches: o.Patches = 2,
    optimiser: o.Optimiser = "muon",
    lr: o.LearningRate = 3e-3,
    steps: o.StepsAtMost = 2000,
    average: o.WeightAverage = 0.99,
    hold_out: o.HoldOut = 0.03,
    patience: o.Patience = 400,
    validate_every: o.ValidateEvery = 25,
    mix: Annotated[
        bool,
        Option(
            "mix the measurement back into the prediction, by the power that their difference has above the noise's"
        ),
    ] = True,
    sigma: o.Sigma = None,
    ensemble: o.Ensemble = True,
    tile: o.Tile = 512,
) -> Fit:
    dims, size = y.ndim - 2, [min(n, patch) for n in y.shape[2:]]
    striped, hidden, note = _structure(y, structure, extent)
    if striped is not None:
        y = y - torch.from_numpy(line_offsets(y[0].cpu().numpy(), striped))[None].to(y)
    if shared is None:
        shared = channel_correlation(y[0].cpu().numpy()) > SHARED
    spread = len(hidden)
    masks = BlindSpots(
        y,
        replace,
        max(radius, *(1 + max(offset) for offset in hidden)) if spread > 1 else radius,
        patch,
        patches,
        some_of(y, hold_out * min(1.0, DENSER / spread), shared),
        share=mask_fraction * min(1.0, DENSER / spread),
        hidden=hidden,
        shared=shared,
    )
    network = UNet(dims, y.shape[1], y.shape[1], size, width=width, levels=levels)
    mean = WeightAverage(network, average)
    views = turns([1.0] * dims, transpose=dims == 2)[: None if ensemble else 1]

    measured = y[0].cpu().numpy()
    level, gain, _ = known_noise(measured, sigma, None, "noise2void") if mix else (None, 0.0, ())
    shape = torch.from_numpy(noise_power(measured)) if mix and spread > 1 else None

    def output(h: nn.Module) -> Tensor:
        x = mean_of_views(h, y, views, reach=network.reach, tile=network.whole(tile))
        return x if level is None else posterior_mean(y, x, variance_at(x, level**2, gain), shape)

    stop, selection = validated(mean.network, masks.held_out(), output, every=validate_every, patience=patience)
    return Fit(
        structure=network,
        input=masks,
        loss=Fidelity(),
        optimiser=OPTIMISERS[optimiser](lr),
        steps=steps,
        average=mean,
        stop=stop,
        selection=selection,
        output=output,
        answer_cost=len(views) * math.prod(y.shape[2:]) / (3 * patches * math.prod(size)),
        image_output=False,
        notes=note,
    )


def _structure(y: Tensor, structure: str, extent: int | None) -> tuple[int | None, Sequence[Offset], tuple[str, ...]]:
    """The axis of stripes, what is hidden around every element, and a note of what was found."""
    dims = y.ndim - 2
    alone = [(0,) * dims]
    if structure == "none":
        return None, alone, ()
    if structure in ("horizontal", "vertical"):
        axis = dims - (1 if structure == "horizontal" else 2)
        if axis < 0 or (dims == 1 and extent is None):
            raise ValueError(
                f"noise2void(y.shape={tuple(y.shape)}, structure={structure!r}): a signal has no such lines. Give "
                "structure='horizontal' with an extent, or 'none'."
            )
        return (axis, alone, ()) if extent is None else (None, line(dims, axis, extent - 1), ())
    if extent is not None and structure == "disc":
        return None, disc([extent] * dims), ()
    report = describe_noise(y[0].cpu().numpy())
    striped = [axis for axis in range(dims) if report.striped[axis]]
    if structure == "auto" and len(striped) == 1 and dims > 1:
        return striped[0], alone, (f"noise2void: {report.words()}; the lines' offsets were taken away first",)
    most = FARTHEST if extent is None else extent
    reach = [min(e, most, max(1, n // 4)) for e, n in zip(report.extent, y.shape[2:], strict=True)]
    said = f"{max(reach) - 1} px around it are hidden too" if max(reach) > 1 else "each element is hidden alone"
    return None, disc(reach), (f"noise2void: {report.words()}; {said}",)
