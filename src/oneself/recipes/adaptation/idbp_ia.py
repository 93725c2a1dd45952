"""IDBP-IA: iterative denoising and backward projections, with a denoiser that is adapted to the observation.

Given           y and A, with y = A(x) + noise of level σ, and a denoiser D that was trained on other pictures
Structure       D, all of it or parts trained on
Input           patches of y as if they were clean, turned and flipped, with noise of the level that D ends at
Loss            ‖D(y + n) − y‖₁; then as IDBP: x ← D(z; σ + δ) and z ← x + Aᵀ(AAᵀ + εI)⁻¹(y − A x)
Regularisation  few steps; squares of y are held out, and D stays as it came unless its error there is surely lower

Tirer, Giryes. Super-resolution via image-adapted denoising CNNs: incorporating external and internal learning. IEEE
SPL 2019.
"""

from __future__ import annotations

import copy
from collections.abc import Generator
from typing import Annotated, Any

from torch import Tensor, nn

from oneself.core import Option, Stage, method
from oneself.recipes import options as o
from oneself.recipes.adaptation import back_projecting as b
from oneself.recipes.adaptation import options as a
from oneself.recipes.adaptation.adapting import adapted_by
from oneself.recipes.adaptation.calling import called, network_of
from oneself.recipes.adaptation.examples import Crops, renoising
from oneself.recipes.adaptation.judging import Parts, Renoised
from oneself.recipes.plugged import Plugged, Weights, plugged

COUNT = 1 / 255
RATES = {"all": 2e-5, "last": 2e-5, "progressive": 2e-5}  # less than at the noise of denoising: what is left is fine
QUICKER = 1e-3
VALIDATE_EVERY = 10
# The paper's adapts without a judge, and its bank of denoisers once more at the last level.
NEAR_PUBLISHED = {"lr": 3e-4, "adapting_steps": 320, "patches": 32}


class ByLevel(nn.Module):
    """One denoiser below a level, another from there on."""

    def __init__(self, below: Plugged, above: Plugged, level: float) -> None:
        super().__init__()
        self.below, self.above, self.level = below, above, level

    def forward(self, x: Tensor, level: float) -> Tensor:
        made: Tensor = (self.below if level < self.level else self.above)(x, level)
        return made


@method(
    "IDBP with an image-adapted denoiser (IDBP-CNN-IA)",
    cite="Tirer, Giryes. Super-resolution via image-adapted denoising CNNs. IEEE SPL 2019.",
    tasks=("super-resolve",),
    dims=(2,),
    presets={"near-published": NEAR_PUBLISHED, "gains": {"what": "gains"}},
)
def idbp_ia(
    y: Tensor,
    physics: Any,
    *,
    weights: Weights = None,
    what: a.Change = "all",
    sigma: o.Sigma = None,
    adapted_level: Annotated[
        float | None,
        Option(
            "noise level that the denoiser is adapted at, in units of the [0, 1] range; the last one and a count of "
            "255 more unless given",
            above=0,
            high=10,
        ),
    ] = None,
    lr: Annotated[
        float | None,
        Option("learning rate; by what changes unless given: 1e-3, or 2e-5 of whole weights", above=0, high=1e3),
    ] = None,
    adapting_steps: Annotated[int, Option("steps of the adaptation at most", low=1, high=10**7)] = 60,
    patch: a.Patch = 34,
    patches: o.Patches = 8,
    hold_out: a.HoldOut = 0.2,
    caution: a.Caution = 0.5,
    delta_first: b.DeltaFirst = None,
    delta_last: b.DeltaLast = None,
    ridge: b.Ridge = None,
    steps: b.Iterations = 30,
    tile: o.Tile = 1024,
) -> Generator[Stage, Any, None]:
    problem = b.posed(
        y, physics, "idbp_ia", sigma=sigma, delta_first=delta_first, delta_last=delta_last, ridge=ridge, steps=steps
    )
    network, _ = network_of(weights, y.device, "idbp_ia", channels=problem.start.shape[1])
    level = adapted_level or problem.levels[-1] + COUNT
    above, notes = plugged(copy.deepcopy(network), problem.start, level, "idbp_ia", tile)
    denoise, made, _ = called(network, y, level, "idbp_ia", tile)
    parts = Parts(y, hold_out, "idbp_ia")
    fitted = yield adapted_by(
        denoise,
        y,
        made,
        "idbp_ia",
        terms_of=renoising(level),
        input=Crops(y, parts.seen, patch, patches, turned=True),
        judge=Renoised(parts, level),
        what=what,
        lr=lr or RATES.get(what.partition(":")[0], QUICKER),
        steps=adapting_steps,
        validate_every=VALIDATE_EVERY,
        patience=adapting_steps,
        caution=caution,
        tile=tile,
        notes=(),
    )
    below, _ = plugged(fitted.adapted(), problem.start, level, "idbp_ia", tile)
    told = f"idbp_ia: adapting the denoiser returned {fitted.selection.words()}"
    yield b.BackProjecting(problem, ByLevel(below, above, level + COUNT), (*notes, told))
