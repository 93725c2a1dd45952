"""The stage of every method that adapts a pretrained denoiser."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call

from oneself.core import Example, Fit, Input, Pretrained, Stage
from oneself.losses import Fidelity
from oneself.networks.pretrained import Known
from oneself.noise import describe_noise, known_level
from oneself.optim import adam
from oneself.recipes.adaptation.calling import Denoising, called, network_of, whole
from oneself.recipes.adaptation.changes import Opening, allow, merge, parsed
from oneself.recipes.adaptation.examples import OBJECTIVES, Loss, Objective, examples
from oneself.recipes.adaptation.judging import AdaptedOrNot, HeldOutChange, Judge, Pairing, Parts, Prediction, Risk
from oneself.stopping import Patience

__all__ = ["AdaptedStage", "Adapting", "Statistics", "adapted_by", "adapting"]

Statistics = Literal["trained", "input"]

RATES = {"all": 1e-4, "last": 1e-4, "progressive": 1e-4}  # of whole weights; gains, biases and their like move quicker
QUICKER = 3e-3
WHITE = 255.0  # that public weights count levels to
HALF = 0.5
WITHIN = "network.network."  # where the network stands in a structure


class AdaptedStage(Stage):
    """A stage that ends with a network: ``adapted()`` gives it, ready for other pictures."""

    structure: nn.Module

    def adapted(self) -> nn.Module:
        """The network, its own tensors under their own names again."""
        network = copy.deepcopy(self.structure.get_submodule(WITHIN.removesuffix(".")))
        with torch.no_grad():
            for name, value in self.learned().items():
                network.get_parameter(name.removeprefix(WITHIN)).copy_(value)
        return merge(network)

    def learned(self) -> Mapping[str, Tensor]:
        """What is no longer as it came, by its name in the structure."""
        return {}


class AsItCame(AdaptedStage):
    """No steps at all: the answer of the network as it came."""

    def __init__(self, denoise: Denoising, made: Tensor, notes: Sequence[str]) -> None:
        super().__init__(steps=1, notes=notes)
        self.structure, self.made = Pretrained(denoise.requires_grad_(False)), made

    def solve(self) -> Mapping[str, Tensor]:
        return {"change": torch.zeros((), device=self.made.device)}

    def estimate(self) -> Tensor:
        return self.made.clone()


class Adapting(Fit, AdaptedStage):
    """Moves what may change of a network, and answers with what was best on what is held out.

    Parameters
    ----------
    terms_of : callable
        ``terms_of(network, example)``: named scalars.
    opening : Opening or None
        What opens layers along the way.
    came : Module or None
        The network as it came, where what is frozen of it is not as it came either.
    **fit
        As of ``Fit``.
    """

    selection: AdaptedOrNot
    taken: Tensor

    def __init__(self, *, terms_of: Objective, opening: Opening | None, came: nn.Module | None, **fit: Any) -> None:
        super().__init__(loss=Fidelity(), image_output=False, **fit)
        self.terms_of, self.opening = terms_of, opening
        self._came = (came,)  # hidden from torch: it never changes
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))

    def terms(self, example: Example) -> Mapping[str, Tensor]:
        return self.terms_of(self.structure, example)

    def after_step(self) -> None:
        super().after_step()
        self.taken.add_(1)
        if self.opening is not None:
            self.opening.advance(self.taken / self.steps)

    def learned(self) -> Mapping[str, Tensor]:
        return self.selection.values

    def adapted(self) -> nn.Module:
        (came,) = self._came
        return super().adapted() if came is None or self.selection.better else copy.deepcopy(came).requires_grad_(False)


def adapting(
    y: Tensor,
    owner: str,
    *,
    weights: Path | nn.Module | None,
    what: str,
    loss: Loss,
    sigma: float | None,
    lr: float | None,
    steps: int,
    patch: int,
    patches: int,
    hold_out: float,
    validate_every: int,
    patience: int,
    caution: float,
    tile: int,
    statistics: Statistics = "trained",
) -> Stage:
    """The stage of a method called ``owner``; the options are the method's own."""
    network, told = network_of(weights, y.device, owner, channels=y.shape[1])
    level, notes = known_level(y[0].cpu().numpy(), sigma, owner)
    denoise, made, more = called(network, y, level, owner, tile)
    own = (f"{owner}: the denoiser is the package's own, {told.name}",) if weights is None and told else ()
    notes = (*own, *notes, *more, *_range_note(told, level, owner))
    shared = () if sigma is not None else _shared_noise(y, owner)
    if steps == 0 or shared:
        parsed(what, owner)
        return AsItCame(denoise, made, (*notes, *shared))
    parts = Parts(y, hold_out, owner)
    return adapted_by(
        denoise,
        y,
        made,
        owner,
        terms_of=OBJECTIVES[loss](level),
        input=examples(loss, made if loss == "renoising" else y, parts.seen, patch, patches),
        judge=_judge(loss, parts, level),
        what=what,
        lr=lr,
        steps=steps,
        validate_every=validate_every,
        patience=patience,
        caution=caution,
        tile=tile,
        notes=notes,
        statistics=statistics,
    )


def adapted_by(
    denoise: Denoising,
    y: Tensor,
    made: Tensor,
    owner: str,
    *,
    terms_of: Objective,
    input: Input,
    judge: Judge,
    what: str,
    lr: float | None,
    steps: int,
    validate_every: int,
    patience: int,
    caution: float,
    tile: int,
    notes: Sequence[str],
    statistics: Statistics = "trained",
) -> Adapting:
    """The stage that moves ``what`` of a denoiser by an objective, and returns what a judge finds best; ``made`` is
    what the denoiser makes of ``y`` as it came. The other parameters as the options of the methods."""
    score = HeldOutChange(judge, denoise, validate_every, caution)
    came = copy.deepcopy(denoise.network) if statistics == "input" else None
    opening = allow(denoise.network, what, owner)
    structure = Pretrained(denoise, statistics)
    learned = {name: p for name, p in structure.named_parameters() if p.requires_grad}

    def output(values: dict[str, Tensor] | None) -> Tensor:
        if values is None:
            return made.clone()
        return whole(lambda x: functional_call(structure, values, (x,)), y, tile)

    return Adapting(
        terms_of=terms_of,
        opening=opening,
        came=came,
        structure=structure,
        input=input,
        optimiser=adam(lr or RATES.get(what.partition(":")[0], QUICKER)),
        steps=steps,
        stop=Patience(score, patience),
        selection=AdaptedOrNot(score, learned, output),
        output=lambda f: whole(f, y, tile),
        notes=notes,
    )


def _shared_noise(y: Tensor, owner: str) -> tuple[str, ...]:
    """A note where neighbours share their noise: no loss and no judge here can tell that from the picture."""
    report = describe_noise(y[0].cpu().numpy())
    if not report.correlated:
        return ()
    told = f"{owner}: {report.words()}; noise that neighbours share cannot be told from the picture, so nothing was"
    return (f"{told} adapted. Give sigma where it is independent from pixel to pixel",)


def _judge(loss: Loss, parts: Parts, level: float) -> Judge:
    if loss in ("sure", "esure", "renoising"):
        return Risk(parts, level)
    return Pairing(parts) if loss == "pairs" else Prediction(parts)


def _range_note(known: Known | None, level: float, owner: str) -> tuple[str, ...]:
    if known is None or known.levels is None or known.levels[0] <= level * WHITE <= known.levels[1] + HALF:
        return ()
    low, high = known.levels
    told = f"{low:g} to {high:g}" if low < high else f"{low:g}"
    return (f"{owner}: noise of {level * WHITE:.3g} of 255; the weights were trained for {told}",)
