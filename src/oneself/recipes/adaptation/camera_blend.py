"""Camera blend: a denoiser that learned from drawn pictures through simulated cameras, and groups of similar patches.

Given           y = x + noise as a camera leaves it in a developed picture: shared by neighbours and channels, its level
                other at other brightness; and a denoiser f, by default the package's own for photographs, which was
                trained on drawn pictures seen through simulated cameras
Structure       s f(y; σ) + (1 − s) g(y): f the mean over eight views, g non-local Wiener filters with the noise's own
                covariance, as measured from y
Input           y
Loss            none is left to learn from y; the filters' risk, at its exact minimum
Regularisation  f and g err differently, so their mean is nearer than either as a rule

Stein's estimate, by which ``stein_blend`` weighs each place, needs the noise's covariance; measured from one photograph
it was too uncertain to tell better weights than one half.

Zhang, Zuo, Zhang. FFDNet: toward a fast and flexible solution for CNN-based image denoising. IEEE TIP 2018. (f)
Guo, Yan, Zhang, Zuo, Zhang. Toward convolutional blind denoising of real photographs. CVPR 2019. (noise through a
simulated camera)
Lebrun, Colom, Morel. Multiscale image blind denoising. IEEE TIP 2015. (the filters)
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Annotated, Any

import torch
from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.networks.pretrained import SHIPPED
from oneself.operators.alignment import turns
from oneself.recipes import options as o
from oneself.recipes.adaptation.calling import called, network_of
from oneself.recipes.adaptation.views import Aside, MeanOfViews, aside
from oneself.recipes.classical.coloured import coloured_passes, measured_noise, pixels
from oneself.recipes.classical.frequencies import BlockFilter, believable_noise
from oneself.recipes.classical.passes import PATCH, REACH, SIMILAR, STRIDE
from oneself.recipes.plugged import Weights

SMALLEST = 16
THRESHOLD = 2.7  # of the blocks, as of dct_wiener
BLOCK = 12  # side of the blocks, as of dct_wiener


@method(
    "Blend of a denoiser trained on simulated cameras and non-local Wiener filters",
    cite="Guo, Yan, Zhang, Zuo, Zhang. Toward convolutional blind denoising of real photographs. CVPR 2019. Zhang, "
    "Zuo, Zhang. FFDNet: toward a fast and flexible solution for CNN-based image denoising. IEEE TIP 2018. Lebrun, "
    "Colom, Morel. Multiscale image blind denoising. IEEE TIP 2015.",
    tasks=("denoise",),
    dims=(2,),
    needs=("A",),
)
def camera_blend(
    y: Tensor,
    physics: Any,
    *,
    weights: Weights = None,
    sigma: o.Sigma = None,
    share: Annotated[float, Option("s, of the denoiser in the blend; the rest is of the filters", low=0, high=1)] = 0.5,
    ensemble: o.Ensemble = True,
    passes: Annotated[
        int, Option("times all groups of patches are filtered; 0: blocks are, as by dct_wiener", low=0, high=1000)
    ] = 3,
    tile: o.Tile = 1024,
) -> Generator[Stage, Any, None]:
    if min(y.shape[2:]) < SMALLEST or (weights is None and y.shape[1] != 3):
        raise ValueError(
            f"camera_blend(y.shape={tuple(y.shape)}): colour pictures of at least {SMALLEST} pixels along either axis "
            "have noise as a camera's. Use method='nonlocal_coloured'."
        )
    side = min(PATCH if passes else BLOCK, min(y.shape[2:]) // 2)
    noise, notes = measured_noise(y, side, sigma, "camera_blend")
    if sigma is None:
        noise, told = believable_noise(y, noise, "camera_blend")
        notes += told
    level = noise.level(pixels(y)) if sigma is None else sigma
    network, known = network_of(SHIPPED["drawn-cameras"] if weights is None else weights, y.device, "camera_blend")
    denoise, made, more = called(network, y, level, "camera_blend", tile)
    if weights is None and known is not None:
        more = (f"camera_blend: the denoiser is the package's own, {known.name}", *more)
    if ensemble:
        seen: Any = yield MeanOfViews(denoise, y, turns([1.0, 1.0]), tile)
        made = seen.made()
    if passes:
        inner = coloured_passes(y, noise, passes=passes, similar=SIMILAR, reach=REACH, stride=STRIDE)
        filtered = yield from aside(inner, made)
    else:
        blocks: Any = yield Aside(BlockFilter(y, noise, STRIDE, THRESHOLD), made)
        filtered = blocks.inner.estimate()
    yield Mean(made, filtered, share, (*notes, *more))


class Mean(Stage):
    """One step: ``share * one + (1 - share) * other``."""

    def __init__(self, one: Tensor, other: Tensor, share: float, notes: Sequence[str]) -> None:
        super().__init__(steps=1, notes=notes)
        self.one, self.other, self.share = one, other, share
        self.answer_cost = 0.0

    def solve(self) -> Mapping[str, Tensor]:
        return {"apart": (self.one - self.other).square().mean()}

    def estimate(self) -> Tensor:
        return torch.lerp(self.other, self.one, self.share)
