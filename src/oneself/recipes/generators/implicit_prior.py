"""The prior implicit in a denoiser: samples of what explains the measurement exactly, climbed to along what it removes.

Given           y and A, with y = A(x), no noise, and a blind denoiser D, trained on pictures like x
Structure       D, as it came; D(x) − x is σ² times the slope of the logarithm of the density of noisy pictures
Input           noise around A⁺y at first, then what the step before left
Loss            none: x ← x + h d + γ n with d = (I − A⁺A)(D(x) − x) + A⁺(y − A x), as large as the noise that is left
Regularisation  that density; n is fresh noise, less than what the step removes

Kadkhodaie, Simoncelli. Stochastic solutions for linear inverse problems using the prior implicit in a denoiser.
NeurIPS 2021.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from oneself.core import Option, Pretrained, Stage, method
from oneself.operators import project
from oneself.recipes import options as o
from oneself.recipes.generators import options as g
from oneself.recipes.generators.diffusing import GRAY, denoiser_of
from oneself.stopping import Below, Objective

EXACT = 50  # conjugate gradient steps at most


class Ascent(Stage):
    """Samples side by side, each for itself; the answer is their mean."""

    y: Tensor
    x: Tensor
    level: Tensor
    taken: Tensor

    def __init__(
        self,
        denoise: nn.Module,
        y: Tensor,
        physics: Any,
        *,
        samples: int,
        noise: float,
        first: float,
        highest: float,
        lowest: float,
        steps: int,
        notes: tuple[str, ...],
    ) -> None:
        super().__init__(steps=steps, stop=Below(Objective(term="level"), lowest), notes=notes)
        self.denoise, self.physics, self.noise, self.first = Pretrained(denoise), physics, noise, first
        like = physics.A_adjoint(y).expand(samples, -1, -1, -1)
        self.register_buffer("y", y.expand(samples, *y.shape[1:]), persistent=False)
        start = project(physics.A, physics.A_adjoint, torch.full_like(like, GRAY), self.y, steps=EXACT)
        self.register_buffer("x", start + highest * torch.randn_like(like))
        self.register_buffer("level", torch.tensor(float(highest), device=y.device))
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))

    def solve(self) -> Mapping[str, Tensor]:
        self.taken.add_(1)
        h = self.first * self.taken / (1 + self.first * (self.taken - 1))
        denoised = self.denoise(self.x, self.level)
        d = self._exact(denoised) - self.x
        self.level.copy_(d.square().mean().sqrt())
        kept = ((1 - self.noise * h).square() - (1 - h).square()).clamp(min=0).sqrt()
        self.x.add_(h * d + kept * self.level * torch.randn_like(d))
        self.last_output = denoised.mean(0, keepdim=True)
        return {"level": self.level.clone(), "step": h}

    def _exact(self, x: Tensor) -> Tensor:
        """``x`` moved least to measure ``y``: ``x + A⁺(y − A x)``."""
        return project(self.physics.A, self.physics.A_adjoint, x, self.y, steps=EXACT)

    def samples(self) -> Tensor:
        """What explains the measurement exactly, ``(samples, C, H, W)``."""
        return self._exact(self.denoise(self.x, self.level))

    def estimate(self) -> Tensor:
        return self.samples().mean(0, keepdim=True)

    def parts(self) -> Mapping[str, Tensor]:
        if len(self.x) < 2:
            return {}
        with torch.no_grad():
            return {"uncertainty": self.samples().std(0, keepdim=True)}


# The answer is denoised and made exact once more, where the paper's is the last sample as it is.
PRESETS = {"near-published": {"noise": 0.01, "first": 0.01, "highest": 1.0, "lowest": 0.01, "samples": 1}}


@method(
    "Stochastic solutions by the prior implicit in a denoiser",
    cite="Kadkhodaie, Simoncelli. Stochastic solutions for linear inverse problems using the prior implicit in a "
    "denoiser. NeurIPS 2021.",
    tasks=("restore", "inpaint", "super-resolve"),
    dims=(2,),
    presets=PRESETS,
)
def implicit_prior(
    y: Tensor,
    physics: Any,
    *,
    weights: g.Denoiser = None,
    samples: Annotated[
        int, Option("samples, whose mean is the answer; two or more tell an uncertainty", low=1, high=256)
    ] = 1,
    noise: Annotated[float, Option("β: 1 adds no noise on the way, less adds more", above=0, high=1)] = 0.1,
    first: Annotated[float, Option("length of the first step, as a share of what is removed", above=0, high=1)] = 0.02,
    highest: g.Highest = 1.0,
    lowest: Annotated[float, Option("noise level at which it ends", above=0, high=1)] = 0.01,
    steps: o.StepsAtMost = 2000,
) -> Stage:
    denoise, notes = denoiser_of(weights, physics.A_adjoint(y), "implicit_prior")
    return Ascent(
        denoise,
        y,
        physics,
        samples=samples,
        noise=noise,
        first=first,
        highest=highest,
        lowest=lowest,
        steps=steps,
        notes=notes,
    )
