"""CS-SURE: approximate message passing with a denoiser that is adapted to the measurement by Stein's estimate.

Given           y = A x + noise, M numbers from a matrix that looks random, and a denoiser D trained on other pictures
Structure       D; what may change is all of it, or its gains, biases, normalisation or last layers, or a change of low
                rank (LoRA)
Input           r = x + Aᵀz, in which x stands in white noise of the level σ = ‖z‖/√M
Loss            ‖D(r) − r‖² − Nσ² + 2σ² div D(r); in turns x ← D(r; σ) and z ← y − A x + z div D(r)/M
Regularisation  what does not change; squares of r are held out, and D stays as it came unless the error there is surely
                lower; of all x that whose r had the least σ is returned

Zhussip, Soltanayev, Chun. Training deep learning based image denoisers from undersampled measurements without ground
truth and without image prior. CVPR 2019.
Metzler, Maleki, Baraniuk. From denoising to compressed sensing. IEEE Transactions on Information Theory 2016.
"""

from __future__ import annotations

import copy
from collections.abc import Generator
from typing import Annotated, Any

from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.recipes import options as o
from oneself.recipes.adaptation import options as a
from oneself.recipes.adaptation.adapting import adapted_by
from oneself.recipes.adaptation.calling import called, network_of
from oneself.recipes.adaptation.examples import OBJECTIVES, Crops
from oneself.recipes.adaptation.judging import Parts, Risk
from oneself.recipes.adaptation.message_passing import Coarse, MessagePassing, column_scale
from oneself.recipes.plugged import plugged

WHITE = 255.0  # that public weights count levels to
MOST = 75 / WHITE  # the level up to which a denoiser is trusted whose range is not known


@method(
    "Approximate message passing with a denoiser adapted by Stein's estimate (CS-SURE)",
    cite="Zhussip, Soltanayev, Chun. Training deep learning based image denoisers from undersampled measurements "
    "without ground truth and without image prior. CVPR 2019.",
    tasks=("restore",),
    dims=(2,),
    presets={"whole": {"what": "all"}, "lora": {"what": "lora:4"}},
)
def cs_sure(
    y: Tensor,
    physics: Any,
    *,
    weights: a.Weights = None,
    what: a.Change = "gains",
    lr: a.LearningRate = None,
    adapting_steps: Annotated[
        int, Option("steps of the adaptation at most; 0 for the denoiser as it came", low=0, high=10**7)
    ] = 100,
    patch: a.Patch = 128,
    patches: o.Patches = 1,
    hold_out: a.HoldOut = 0.2,
    validate_every: o.ValidateEvery = 10,
    caution: a.Caution = 0.5,
    steps: Annotated[
        int, Option("iterations of message passing before the adaptation, and again after it", low=1, high=10**7)
    ] = 15,
    tile: o.Tile = 1024,
) -> Generator[Stage, Any, None]:
    like = physics.A_adjoint(y)
    scale = column_scale(physics, like)
    network, known = network_of(weights, y.device, "cs_sure", channels=like.shape[1])
    most = MOST if known is None or known.levels is None else known.levels[1] / WHITE
    as_it_came, notes = plugged(copy.deepcopy(network), scale * like, most, "cs_sure", tile)
    own = (f"cs_sure: the denoiser is the package's own, {known.name}",) if weights is None and known else ()

    def passing(denoise: Any, begin: Any = None, notes: tuple[str, ...] = ()) -> MessagePassing:
        return MessagePassing(
            y, physics, Coarse(denoise, most), like, scale, "cs_sure", begin=begin, steps=steps, notes=notes
        )

    first = passing(as_it_came, notes=(*own, *notes))
    first.time_share = 0.25
    yield first
    if first.away:
        return
    if not adapting_steps:
        yield passing(as_it_came, first)
        return
    r, level = first.seen.clone(), float(first.least)
    denoise, made, _ = called(network, r, min(level, most), "cs_sure", tile)
    parts = Parts(r, hold_out, "cs_sure")
    fitted = yield adapted_by(
        denoise,
        r,
        made,
        "cs_sure",
        terms_of=OBJECTIVES["sure"](level),
        input=Crops(r, parts.seen, patch, patches, turned=True),
        judge=Risk(parts, level),
        what=what,
        lr=lr,
        steps=adapting_steps,
        validate_every=validate_every,
        patience=adapting_steps,
        caution=caution,
        tile=tile,
        notes=(),
    )
    adapted, _ = plugged(fitted.adapted(), r, min(level, most), "cs_sure", tile)
    told = f"cs_sure: adapting the denoiser at noise of {WHITE * level:.3g} of 255 returned {fitted.selection.words()}"
    yield passing(adapted, first, (told,))
