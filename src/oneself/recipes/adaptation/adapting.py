"""The stage of every method that adapts a pretrained denoiser."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from oneself.core import Example, Fit, Pretrained, Stage
from oneself.losses import Fidelity
from oneself.networks.pretrained import Known, load_weights
from oneself.noise import describe_noise, known_level
from oneself.optim import adam
from oneself.recipes.adaptation.calling import Denoising, called, whole
from oneself.recipes.adaptation.changes import Opening, allow, merge
from oneself.recipes.adaptation.examples import OBJECTIVES, Loss, Objective, examples
from oneself.recipes.adaptation.judging import AdaptedOrNot, HeldOutChange, Judge, Pairing, Parts, Prediction, Risk
from oneself.stopping import Patience

__all__ = ["AdaptedStage", "adapting"]

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
    **fit
        As of ``Fit``.
    """

    selection: AdaptedOrNot
    taken: Tensor

    def __init__(self, *, terms_of: Objective, opening: Opening | None, **fit: Any) -> None:
        super().__init__(loss=Fidelity(), image_output=False, **fit)
        self.terms_of, self.opening = terms_of, opening
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
) -> Stage:
    """The stage of a method called ``owner``; the options are the method's own."""
    network, told = _network(weights, y.device, owner)
    level, notes = known_level(y[0].cpu().numpy(), sigma, owner)
    denoise, made, more = called(network, y, level, owner, tile)
    notes = (*notes, *more, *_range_note(told, level, owner))
    shared = () if sigma is not None else _shared_noise(y, owner)
    if steps == 0 or shared:
        allow(copy.deepcopy(network), what, owner)  # refuses what could not change
        return AsItCame(denoise, made, (*notes, *shared))
    parts = Parts(y, hold_out)
    judge = _judge(loss, parts, level)
    score = HeldOutChange(judge, denoise, validate_every, caution)
    opening = allow(network, what, owner)
    structure = Pretrained(denoise)
    learned = {name: p for name, p in structure.named_parameters() if p.requires_grad}

    def output(values: dict[str, Tensor] | None) -> Tensor:
        if values is None:
            return made.clone()
        return whole(lambda x: functional_call(structure, values, (x,)), y, tile)

    return Adapting(
        terms_of=OBJECTIVES[loss](level),
        opening=opening,
        structure=structure,
        input=examples(loss, y, parts.seen, patch, patches),
        optimiser=adam(lr or RATES.get(what.partition(":")[0], QUICKER)),
        steps=steps,
        stop=Patience(score, patience),
        selection=AdaptedOrNot(score, learned, output),
        output=lambda f: whole(f, y, tile),
        notes=notes,
    )


def _network(weights: Path | nn.Module | None, device: torch.device, owner: str) -> tuple[nn.Module, Known | None]:
    """The network of its own that a run adapts, and what is known of it."""
    if weights is None:
        raise ValueError(
            f"{owner}(weights=None): there is nothing to adapt. Give a file of weights, or a torch module."
        )
    if isinstance(weights, nn.Module):
        return weights.eval(), None
    loaded = load_weights(weights, kind="denoiser")
    return loaded.network.to(device), loaded.known


def _shared_noise(y: Tensor, owner: str) -> tuple[str, ...]:
    """A note where neighbours share their noise: no loss and no judge here can tell that from the picture."""
    report = describe_noise(y[0].cpu().numpy())
    if not report.correlated:
        return ()
    told = f"{owner}: {report.words()}; noise that neighbours share cannot be told from the picture, so nothing was"
    return (f"{told} adapted. Give sigma where it is independent from pixel to pixel",)


def _judge(loss: Loss, parts: Parts, level: float) -> Judge:
    if loss == "sure":
        return Risk(parts, level)
    return Pairing(parts) if loss == "pairs" else Prediction(parts)


def _range_note(known: Known | None, level: float, owner: str) -> tuple[str, ...]:
    if known is None or known.levels is None or known.levels[0] <= level * WHITE <= known.levels[1] + HALF:
        return ()
    low, high = known.levels
    told = f"{low:g} to {high:g}" if low < high else f"{low:g}"
    return (f"{owner}: noise of {level * WHITE:.3g} of 255; the weights were trained for {told}",)
