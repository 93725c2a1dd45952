"""ZS-N2N: Zero-Shot Noise2Noise.

Given           y, with y = x + noise that is independent from element to element
Structure       three convolutions f that predict the noise; x(y) = y − f(y)
Input           the two diagonal means D₁y, D₂y of every 2×2 block
Loss            ½‖x(D₁y) − D₂y‖² + ½‖x(D₂y) − D₁y‖²
Regularisation  ½‖x(D₁y) − D₁x(y)‖² + ½‖x(D₂y) − D₂x(y)‖², and few parameters

Mansour, Heckel. Zero-Shot Noise2Noise: efficient image denoising without any data. CVPR 2023.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.core import Example, Fit, Option, WeightAverage, method
from oneself.examples import Pairs, split_pair
from oneself.networks import Residual, apply_in_tiles, plain
from oneself.optim import adam, one_cycle, stepped
from oneself.terms import Fidelity


class PairFit(Fit):
    """Each half-image must explain the other, and denoising must commute with halving."""

    def terms(self, example: Example) -> Mapping[str, Tensor]:
        (y,) = example.input
        first, second = split_pair(y)
        clean_first, clean_second = self.structure(torch.cat([first, second])).chunk(2)
        half_first, half_second = split_pair(self.structure(y))
        mse = F.mse_loss
        return {
            "pair": (mse(clean_first, second) + mse(clean_second, first)) / 2,
            "consistency": (mse(clean_first, half_first) + mse(clean_second, half_second)) / 2,
        }


@method(
    "Zero-Shot Noise2Noise",
    cite="Mansour, Heckel. Zero-Shot Noise2Noise: efficient image denoising without any data. CVPR 2023.",
    tasks=("denoise",),
    needs=("A",),
    presets={"published": {"patch": None, "rate": 1e-3, "steps": 2000, "cycle": False, "average": 0.0}},
)
def zs_n2n(
    y: Tensor,
    physics: Any,
    *,
    width: Annotated[int, Option("channels of the network", low=1)] = 48,
    layers: Annotated[int, Option("convolutions of the network", low=2)] = 3,
    patch: Annotated[int | None, Option("side of the random patches; none for the whole image", low=4)] = 32,
    patches: Annotated[int, Option("patches per step", low=1)] = 4,
    rate: Annotated[float, Option("learning rate of Adam, at its highest", above=0)] = 4e-3,
    steps: Annotated[int, Option("steps", low=1)] = 1200,
    cycle: Annotated[bool, Option("one cycle of the learning rate; otherwise halved at three quarters")] = True,
    average: Annotated[float, Option("decay of the running average of the weights; 0 for none", low=0, below=1)] = 0.99,
    tile: Annotated[int, Option("side of the tiles that the network is applied to at the end", low=16)] = 512,
) -> Fit:
    network = Residual(
        plain(y.ndim - 2, y.shape[1], width=width, layers=layers, last_kernel=1, slope=0.2, reflect=False), sign=-1
    )

    def output(denoiser: nn.Module) -> Tensor:
        return apply_in_tiles(denoiser, y, reach=layers - 1, tile=tile)

    return PairFit(
        structure=network,
        input=Pairs(y, patch, patches),
        loss=Fidelity(),
        optimiser=adam(rate),
        schedule=one_cycle() if cycle else stepped(0.5, at=(0.75,)),
        average=WeightAverage(network, average) if average else None,
        output=output,
        steps=steps,
        image_output=False,
    )
