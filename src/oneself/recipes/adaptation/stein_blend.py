"""Stein blend: a denoiser adapted to the picture and non-local Wiener filters, mixed by the estimated risk.

Given           y = x + noise, white, of level σ, and a denoiser f; without one, the package's own, which was trained
                on drawn pictures and has seen no photograph
Structure       w f(y) + (1 − w) g(y), with a weight for each place and band of frequencies: f the mean over eight
                views, its gains fitted to y or not; g two passes of the non-local Wiener filters, or y itself where
                time is short; at last a third pass with the blend as its pilot
Input           y; and y with a little more noise, from which the divergence of f and g is measured
Loss            SURE: of f(y) as it adapts; of the blend, at its exact minimum in w
Regularisation  weights of a place are drawn towards those of the whole picture, and these towards one half

Stein. Estimation of the mean of a multivariate normal distribution. Annals of Statistics 1981.
Ramani, Blu, Unser. Monte-Carlo SURE. IEEE TIP 2008. (the divergence, by a probe)
Mohan, Vincent, Manzorro, Crozier, Fernandez-Granda, Simoncelli. Adaptive denoising via GainTuning. NeurIPS 2021.
Herbreteau, Kervrann. NL-Ridge. ICIP 2022. Lebrun, Buades, Morel. NL-Bayes. SIAM J. Imaging Sciences 2013.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Annotated, Any

import torch
from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.noise import known_level
from oneself.operators.alignment import Turn, turns
from oneself.recipes import options as o
from oneself.recipes.adaptation import options as a
from oneself.recipes.adaptation.adapting import adapting
from oneself.recipes.adaptation.blending import Blend
from oneself.recipes.adaptation.calling import Denoising
from oneself.recipes.adaptation.views import Aside, MeanOfViews, aside
from oneself.recipes.classical.passes import PATCH, REACH, SHARE, SIMILAR, STRIDE, GroupShape, group_passes
from oneself.recipes.plugged import Weights

SHIFT = 0.03  # of the level: what a probe adds; more is other noise than the denoiser was told of
SMALLEST = 8
LEARNING: dict[str, Any] = {
    **{"loss": "sure", "lr": None, "patch": 96, "patches": 1},
    **{"hold_out": 0.2, "validate_every": 10, "patience": 10**7, "caution": 0.5},
}
ADAPTING_SHARE = 0.3  # of a time budget


@method(
    "Stein blend of an adapted denoiser and non-local Wiener filters",
    cite="Stein. Estimation of the mean of a multivariate normal distribution. Annals of Statistics 1981. Mohan et al. "
    "Adaptive denoising via GainTuning. NeurIPS 2021. Herbreteau, Kervrann. Towards a unified view of unsupervised "
    "non-local methods for image denoising: the NL-Ridge approach. ICIP 2022.",
    tasks=("denoise",),
    dims=(2,),
    needs=("A",),
)
def stein_blend(
    y: Tensor,
    physics: Any,
    *,
    weights: Weights = None,
    sigma: o.Sigma = None,
    steps: a.Steps = 0,
    ensemble: o.Ensemble = True,
    passes: Annotated[
        int,
        Option(
            "times all groups of patches are filtered before the blend; 0: blended with the noisy picture",
            low=0,
            high=100,
        ),
    ] = 2,
    passes_after: Annotated[int, Option("times they are filtered with the blend as their pilot", low=0, high=100)] = 1,
    bands: Annotated[int, Option("bands of frequencies with weights of their own", low=1, high=6)] = 3,
    tile: o.Tile = 1024,
) -> Generator[Stage, Stage, None]:
    if min(y.shape[2:]) < SMALLEST:
        raise ValueError(
            f"stein_blend(y.shape={tuple(y.shape)}): at least {SMALLEST} pixels are needed along either axis, for "
            "patches to have any like them. Use method='smoothing_spline'."
        )
    level, _ = known_level(y[0].cpu().numpy(), sigma, "stein_blend")
    told: dict[str, Any] = {"weights": weights, "what": "gains", "sigma": sigma, "steps": steps, "tile": tile}
    learning: Any = adapting(y, "stein_blend", **told, **LEARNING)
    learning.time_share = ADAPTING_SHARE
    learned: Any = yield learning
    denoise = Denoising(learned.adapted(), level, learned.structure.network.apart)
    probe = level * torch.randn_like(y)
    both = torch.cat([y, y + SHIFT * probe])
    views = turns([1.0, 1.0])[: None if ensemble else 1]
    looked = None if ensemble or steps else learned.estimate()  # that look need not be taken twice
    made = yield from _looked_at(denoise, both, views, tile, looked)
    filtered = (yield from _filtered(both, made[:1], level, passes)) if passes else both
    blended = (yield Blend(y, filtered, made, probe, SHIFT, level, bands)).estimate()
    if passes_after:
        shape = GroupShape.of(y.shape[2:], PATCH, STRIDE, REACH)
        yield from group_passes(y, shape, level, 0.0, passes=passes_after, similar=SIMILAR, share=SHARE, pilot=blended)


def _looked_at(
    denoise: Denoising, both: Tensor, views: Sequence[Turn], tile: int, looked: Tensor | None
) -> Generator[Stage, Stage, Tensor]:
    """What the denoiser makes of each picture; of the first it may be known."""
    if looked is None:
        seen: Any = yield MeanOfViews(denoise, both, views, tile)
        made: Tensor = seen.made()
        return made
    other: Any = yield Aside(MeanOfViews(denoise, both[1:], views, tile), looked)
    return torch.cat([looked, other.inner.made()])


def _filtered(both: Tensor, shown: Tensor, level: float, passes: int) -> Generator[Stage, Stage, Tensor]:
    """Each picture by groups at the same places; ``shown`` is the answer until there is a better one."""
    shape = GroupShape.of(both.shape[2:], PATCH, STRIDE, REACH)
    places = [shape.groups(both.shape[2:]) for _ in range(passes)]
    found = []
    for noisy in both.split(1):
        inner = group_passes(noisy, shape, level, 0.0, passes=passes, similar=SIMILAR, share=SHARE, places=places)
        found.append((yield from aside(inner, shown)))
    return torch.cat(found)
