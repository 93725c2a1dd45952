"""ZS-N2N: Zero-Shot Noise2Noise.

Given           y, with y = x + noise that is independent from element to element
Structure       three convolutions f that predict the noise; x(y) = y − f(y)
Input           D₁y and D₂y: the two diagonal means of every 2×2 block
Loss            ½‖x(D₁y) − D₂y‖² + ½‖x(D₂y) − D₁y‖²
Regularisation  ½‖x(D₁y) − D₁x(y)‖² + ½‖x(D₂y) − D₂x(y)‖², and few parameters

Mansour, Heckel. Zero-Shot Noise2Noise: efficient image denoising without any data. CVPR 2023.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.core import Example, Fit, Option, method
from oneself.imaging.cropping import cut, reflected
from oneself.inputs import Pairs, put_together, split_pair, taken_apart
from oneself.losses import Fidelity, divergence
from oneself.networks import apply_in_tiles, plain
from oneself.operators.alignment import turns
from oneself.optim import OPTIMISERS, one_cycle, stepped
from oneself.recipes import options as o

PUBLISHED = {"padding": "zeros", "patch": None, "neighbour_pairs": 0.0, "consistency": 1.0, "ensemble": False}


class PairFit(Fit):
    """Each half-image must explain the other, and denoising must commute with halving."""

    margin: int
    consistency: float

    def clean(self, y: Tensor) -> Tensor:
        """``y - f(y)`` where f sees no border: ``margin`` smaller on every side."""
        x: Tensor = _inner(y, self.margin) - self.structure(y)
        return x

    def terms(self, example: Example) -> Mapping[str, Tensor]:
        y, weights = example.input
        halves = torch.cat(split_pair(y, weights))
        clean = self.clean(halves)
        others = _inner(halves, self.margin).roll(len(y), 0)
        some = max(1, len(y) // 2)  # the whole patches cost most; half of them teach as much
        whole = self.clean(_inner(y[:some], self.margin))
        first, second = clean.chunk(2)
        commuted = F.mse_loss(torch.cat([first[:some], second[:some]]), torch.cat(split_pair(whole, weights)))
        return {"pair": F.mse_loss(clean, others), "consistency": self.consistency * commuted}


def _inner(x: Tensor, margin: int) -> Tensor:
    return cut(x, [slice(margin, n - margin) for n in x.shape[2:]])


@method(
    "Zero-Shot Noise2Noise",
    cite="Mansour, Heckel. Zero-Shot Noise2Noise: efficient image denoising without any data. CVPR 2023.",
    tasks=("denoise",),
    needs=("A",),
    presets={"published": {**PUBLISHED, "optimiser": "adam", "lr": 1e-3, "steps": 2000, "one_cycle_lr": False}},
)
def zs_n2n(
    y: Tensor,
    physics: Any,
    *,
    width: Annotated[int, Option("channels of the network", low=1, high=1024)] = 48,
    layers: Annotated[int, Option("convolutions of the network", low=2, high=100)] = 3,
    padding: Annotated[
        Literal["valid", "zeros"], Option("what the network sees beyond a patch: nothing, or zeros")
    ] = "valid",
    patch: Annotated[
        int | None, Option("side of the random patches; none for the whole image", low=12, high=2**14)
    ] = 24,
    patches: Annotated[int, Option("patches per step", low=1, high=1024)] = 8,
    neighbour_pairs: Annotated[
        float, Option("share of the steps whose pairs are single neighbours instead of diagonal means", low=0, high=1)
    ] = 0.25,
    consistency: Annotated[float, Option("weight of the regularisation", low=0, high=1e6)] = 0.5,
    optimiser: o.Optimiser = "muon",
    lr: Annotated[float, Option("learning rate, at its highest", above=0, high=1e3)] = 5e-3,
    steps: Annotated[int, Option("steps", low=1, high=10**7)] = 1000,
    one_cycle_lr: Annotated[bool, Option("one cycle of the learning rate; otherwise halved at three quarters")] = True,
    ensemble: Annotated[bool, Option("take the mean over the image's flips (and rotations in 2D)")] = True,
    sigma: Annotated[
        float | None,
        Option(
            "Gaussian noise level in the picture's own units; with it the result is weighed against y by SURE",
            low=1e-9,
            high=100,
            unit="level",
        ),
    ] = None,
    stride: Annotated[
        int,
        Option("distance of the elements taken as neighbours: above 1 for correlated noise", low=1, high=100),
    ] = 1,
    tile: Annotated[
        int, Option("side of the tiles that the network is applied to at the end", low=16, high=2**14)
    ] = 512,
) -> Fit:
    margin = layers - 1
    shrinks = margin if padding == "valid" else 0
    _check_size(y, (4 * margin + 2) * stride)
    size = y.shape[2:]
    y = taken_apart(y, stride, margin) if stride > 1 else y
    views = turns([1.0] * (y.ndim - 2), transpose=y.ndim == 4) if ensemble else turns([1.0] * (y.ndim - 2))[:1]

    def output(noise: nn.Module) -> Tensor:
        def denoise(x: Tensor) -> Tensor:
            return apply_in_tiles(lambda part: part - noise(reflected(part, shrinks)), x, reach=margin, tile=tile)

        mean = torch.zeros_like(y)
        for view in views:
            mean += view.back(denoise(view(y))) / len(views)
        x = mean if sigma is None else y + _share(denoise, y, sigma) * (mean - y)
        return put_together(x, stride, margin, size) if stride > 1 else x

    fit = PairFit(
        structure=plain(y.ndim - 2, y.shape[1], width=width, layers=layers, last_kernel=1, slope=0.2, border=padding),
        input=Pairs(y, patch, patches, neighbour_pairs),
        loss=Fidelity(),
        optimiser=OPTIMISERS[optimiser](lr),
        schedule=one_cycle(rise=0.1, last=0.0) if one_cycle_lr else stepped(0.5, at=(0.75,)),
        output=output,
        steps=steps,
        answer_cost=len(views) * math.prod(y.shape[2:]) / (4 * patches * (patch or max(y.shape[2:])) ** (y.ndim - 2)),
        image_output=False,
    )
    fit.margin, fit.consistency = shrinks, consistency
    return fit


def _share(denoise: Callable[[Tensor], Tensor], y: Tensor, sigma: float) -> Tensor:
    """The ``a`` in [0, 1] for which SURE holds ``y + a (x(y) - y)`` best: ``-sigma² (div x - n) / ||x - y||²``."""
    x = denoise(y)
    spread = divergence(denoise, y, sigma, x=x) - 1
    return (-(sigma**2) * spread / (x - y).square().mean().clamp(min=1e-12)).clamp(0, 1)


def _check_size(y: Tensor, least: int) -> None:
    if min(y.shape[2:]) < least:
        raise ValueError(
            f"zs_n2n(y.shape={tuple(y.shape)}): too small. At least {least} elements are needed along every dimension. "
            "Give a larger image, or use method='dip'."
        )
