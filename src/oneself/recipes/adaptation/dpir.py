"""DPIR: half-quadratic splitting with a pretrained denoiser that is told the level, some steps from coarse to fine.

Given           y and A, with y = A(x) + noise of level σ, and a denoiser D that was trained on other pictures
Structure       D, as it came; one of the eight flips and rotations at each step
Input           z, at first what A makes undone as far as it can be
Loss            in turns x ← argmin ‖y − A x‖² + λ (σ/σₖ)² ‖x − z‖² in closed form, and z ← D(x; σₖ)
Regularisation  D; σₖ falls from 49/255, or 20/255 where gaps alone are to be filled, to σ on a logarithmic scale

Zhang, Li, Zuo, Zhang, Van Gool, Timofte. Plug-and-play image restoration with deep denoiser prior. IEEE TPAMI 2022.
(there with a larger network, DRUNet; two thirds of the strength where levels are near)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from oneself.core import Option, Stage, method
from oneself.operators.alignment import Turn, turns
from oneself.recipes import options as o
from oneself.recipes.adaptation import back_projecting as b
from oneself.recipes.adaptation.calling import network_of
from oneself.recipes.plugged import Weights, plugged

FLOOR = 0.5 / 255  # of the noise level: the rounding of 8 bits, and what an operator is known to at best
FIRST, FILLING = 49 / 255, 20 / 255
FIRST_RIDGE = 0.05  # of the first image, which only has to be near


@method(
    "Plug-and-play restoration with a deep denoiser (DPIR)",
    cite="Zhang, Li, Zuo, Zhang, Van Gool, Timofte. Plug-and-play image restoration with deep denoiser prior. IEEE "
    "TPAMI 2022.",
    tasks=("inpaint", "deblur", "super-resolve", "restore"),
    dims=(2,),
    deterministic=True,
)
def dpir(
    y: Tensor,
    physics: Any,
    *,
    weights: Weights = None,
    sigma: o.Sigma = None,
    first: Annotated[
        float | None,
        Option(
            "noise level that the denoiser is told at first, in units of the [0, 1] range; 49/255 unless given, or "
            "20/255 where gaps alone are to be filled",
            above=0,
            high=10,
        ),
    ] = None,
    prior_weight: Annotated[float, Option("λ, of the denoiser against the measurement", low=1e-6, high=1e6)] = 0.23,
    steps: b.Iterations = 16,
    tile: o.Tile = 1024,
) -> Stage:
    problem = b.posed(y, physics, "dpir", sigma=sigma, delta_first=None, delta_last=None, ridge=FIRST_RIDGE, steps=1)
    level, filling = max(problem.level, FLOOR), problem.gaps > 0 and problem.inverse.kind == "diagonal"
    top = max(first or (FILLING if filling else FIRST), level)
    network, known = network_of(weights, y.device, "dpir", channels=problem.start.shape[1])
    denoise, notes = plugged(network, problem.start, top, "dpir", tile)
    if weights is None and known is not None:
        notes = (f"dpir: the denoiser is the package's own, {known.name}", *notes)
    levels = [top ** (1 - t) * level**t for t in torch.linspace(0, 1, steps).tolist()]
    return HalfQuadratic(problem, denoise, levels, prior_weight * level**2, notes)


class HalfQuadratic(Stage):
    """``x <- z + Aᵀ(AAᵀ + (strength/level²) I)⁻¹(y - A z)``, which is the minimum of ``‖y - A x‖² + strength/level²
    ‖x - z‖²``, and ``z <- D(x; level)``, once a step.

    Parameters
    ----------
    problem : Problem
    denoise : Module
        ``denoise(x, level)``.
    levels : sequence of float
        One for each step.
    strength : float
        ``λ σ²``.
    notes : sequence of str
        Beside the problem's.
    """

    z: Tensor
    taken: Tensor

    def __init__(
        self, problem: b.Problem, denoise: nn.Module, levels: Sequence[float], strength: float, notes: Sequence[str]
    ) -> None:
        super().__init__(steps=len(levels), notes=(*problem.notes, *notes))
        self.problem, self.denoise, self.inverse = problem, denoise, problem.inverse
        self.levels, self.strength, self.views = levels, strength, turns([1.0, 1.0])
        self.answer_cost = 0.0
        self.register_buffer("z", problem.start.clone())
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))

    def solve(self) -> Mapping[str, Tensor]:
        number, y, physics = int(self.taken), self.problem.y, self.problem.physics
        level, view = self.levels[number], self._view(number)
        residual = y - physics.A(self.z)
        x = self.z + physics.A_adjoint(self.inverse(residual, self.strength / level**2))
        self.z.copy_(view.back(self.denoise(view(x).contiguous(), level)))
        self.taken.add_(1)
        self.last_output = self.estimate()
        return {"residual": residual.square().mean()}

    def _view(self, number: int) -> Turn:
        return self.views[number % len(self.views)]

    def estimate(self) -> Tensor:
        return self.z.clone()
