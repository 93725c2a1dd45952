"""What an adapting network is shown, and what its answer must explain: the losses by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from oneself.core import Example, Input
from oneself.imaging.cropping import cut, random_flips
from oneself.inputs import BlindGrid, BlindSpots, split_pair
from oneself.recipes.adaptation.calling import HALVED

__all__ = ["NOISIER", "OBJECTIVES", "SHIFT", "Crops", "Loss", "Objective", "examples", "renoising", "stein"]

Loss = Literal["sure", "esure", "noise2void", "noise2self", "pairs", "renoising"]
Objective = Callable[[nn.Module, Example], Mapping[str, Tensor]]

SHARE = 0.05  # of the elements is hidden at a step of Noise2Void
RADIUS = 2  # of the neighbourhood that stands in for a hidden element
GRID = 4  # side of the blocks of Noise2Self
NOISIER = 0.5  # of the noise level is added for ESURE: a fresh example at every step, hardly noisier
SHIFT = 0.1  # of the noise level: how far a probe moves the input, small for the network and large for float32


class Crops(Input):
    """Random patches of ``y`` and where they count: ``((patches, probes), patches, seen)``, ``probes`` of noise.

    All patches of a step are turned and flipped alike, at random, where ``turned``.

    Parameters
    ----------
    y : Tensor
        ``(1, C, H, W)``.
    seen : Tensor
        ``(1, 1, H, W)``: 1 where the loss may look.
    patch, patches : int
        Side, even where the image is; and how many at once.
    turned : bool
    """

    y: Tensor
    seen: Tensor

    def __init__(self, y: Tensor, seen: Tensor, patch: int, patches: int, turned: bool = False) -> None:
        super().__init__()
        self.turned = turned
        self.sides, self.patches = [min(n, patch) // 2 * 2 for n in y.shape[2:]], patches
        self.register_buffer("y", y, persistent=False)
        self.register_buffer("seen", seen, persistent=False)

    def forward(self) -> Example:
        places = [self._place() for _ in range(self.patches)]
        y, seen = (torch.cat([cut(x, place) for place in places]) for x in (self.y, self.seen))
        if self.turned:
            flips, turns = random_flips(y.ndim), int(torch.randint(4, ()))
            y, seen = (x.flip(flips).rot90(turns, (2, 3)) for x in (y, seen))
        return Example((y, torch.randn_like(y)), y, seen)

    def _place(self) -> list[slice]:
        """Even corners, so that what is split into pairs is so where it is held out."""
        starts = [
            2 * int(torch.randint((n - s) // 2 + 1, ())) for n, s in zip(self.y.shape[2:], self.sides, strict=True)
        ]
        return [slice(a, a + s) for a, s in zip(starts, self.sides, strict=True)]

    def evaluation_example(self) -> Example:
        return Example((self.y, torch.zeros_like(self.y)), self.y, self.seen)


def examples(loss: Loss, y: Tensor, seen: Tensor, patch: int, patches: int) -> Input:
    """What makes the examples of a loss out of ``y``; nothing is asked for where ``seen`` is 0."""
    if loss == "noise2void":
        spot = [(0,) * (y.ndim - 2)]
        return BlindSpots(y, "mean", RADIUS, patch, patches, 1 - seen, share=SHARE, hidden=spot, shared=False)
    if loss == "noise2self":
        made = BlindGrid(y, "mean", RADIUS, patch, patches, width=GRID, shared=False)
        made.held = (1 - seen).expand_as(y)
        return made
    return Crops(y, seen, patch, patches)


def _mean(errors: Tensor, where: Tensor | None) -> Tensor:
    if where is None:
        return errors.mean()
    where = where.expand_as(errors)
    return (errors * where).sum() / where.sum().clamp(min=1)


def stein(variance: Callable[[Tensor], Tensor], shift: float) -> Objective:
    """Stein's estimate of the squared error, ``mean (f(y) - y)² + 2 v ∂f(y) - v`` of noise of the variance ``v(y)``,
    the derivative by one probe that moves the input by ``shift``; PURE where ``v`` is a gain times ``y``."""

    def terms(f: nn.Module, example: Example) -> Mapping[str, Tensor]:
        y, probe = example.input
        x, moved = f(torch.cat([y, y + shift * probe])).chunk(2)
        v = variance(y)
        return {
            "fidelity": _mean((x - y).square(), example.where),
            "divergence": 2 * _mean(v * probe * (moved - x), example.where) / shift,
            "offset": -_mean(v, example.where),
        }

    return terms


def _risk(level: float) -> Objective:
    """Of white noise."""
    return stein(lambda y: torch.full_like(y, level**2), SHIFT * level)


def _extended_risk(level: float) -> Objective:
    """Stein's estimate for noise that is raised by fresh noise ``n`` of a share of its level: with ``z = y + n`` what
    ``z`` and ``y`` share is the noise of ``y`` alone, so ``mean (f(z) - y)² + 2σ² div f(z) - σ²``."""
    shift, more = SHIFT * level, NOISIER * level
    scale = math.hypot(1, NOISIER)

    def terms(f: nn.Module, example: Example) -> Mapping[str, Tensor]:
        y, noise = example.input
        probe = torch.randn_like(y)
        z = y + more * noise
        x, moved = f(torch.cat([z, z + shift * probe]), scale=scale).chunk(2)
        fidelity = _mean((x - y).square(), example.where)
        return {
            "fidelity": fidelity,
            "divergence": 2 * level**2 * _mean(probe * (moved - x), example.where) / shift,
            "offset": torch.full_like(fidelity, -(level**2)),
        }

    return terms


def renoising(level: float) -> Objective:
    """The absolute error of taking away noise of a level that is added to what counts as clean."""

    def terms(f: nn.Module, example: Example) -> Mapping[str, Tensor]:
        y, noise = example.input
        return {"renoising": _mean((f(y + level * noise) - y).abs(), example.where)}

    return terms


def _prediction(level: float) -> Objective:
    """The squared error at what is hidden."""

    def terms(f: nn.Module, example: Example) -> Mapping[str, Tensor]:
        return {"prediction": _mean((f(*example.input) - example.target).square(), example.where)}

    return terms


def _pairing(level: float) -> Objective:
    """The squared error of predicting either half-size picture from the other."""

    def terms(f: nn.Module, example: Example) -> Mapping[str, Tensor]:
        first, second = split_pair(example.target)
        seen = None if example.where is None else split_pair(example.where)[0]
        made, other = f(torch.cat([first, second]), scale=HALVED).chunk(2)
        return {"pairing": 0.5 * (_mean((made - second).square(), seen) + _mean((other - first).square(), seen))}

    return terms


OBJECTIVES: Mapping[str, Callable[[float], Objective]] = {
    "sure": _risk,
    "esure": _extended_risk,
    "renoising": renoising,
    "noise2void": _prediction,
    "noise2self": _prediction,
    "pairs": _pairing,
}
