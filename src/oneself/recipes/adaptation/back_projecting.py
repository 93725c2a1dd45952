"""Iterative denoising and back-projection, whatever the denoiser: what IDBP and IDBP-IA share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from oneself.core import Option, Stage
from oneself.imaging.filling import fill_smoothly
from oneself.inputs import stand_in
from oneself.noise import known_level
from oneself.operators import NormalInverse, share_of_gaps

__all__ = ["BackProjecting", "DeltaFirst", "DeltaLast", "Iterations", "Problem", "Ridge", "posed"]

COUNTS = 255.0  # that the paper counts levels in
FIRST = 12.0  # counts by which noise is overrated at first, for each unit of the scale
NOISY = 1 / COUNTS  # from here on the answer is denoised; below it explains the measurement as it is
PER_POWER = 5e-3  # ridge for each square of the noise level in counts
LEAST_RIDGE = 1e-4
REACH = 8  # elements that a gap too large to be solved for is filled from at first
SOLVED = 200_000  # hidden pixels at most that a biharmonic fill takes some seconds for
MISSING = 0.05  # of the measurement, from which its noise cannot be told

DeltaFirst = Annotated[
    float | None,
    Option("δ at first, by which the noise level is overrated, in units of the [0, 1] range; by the scale unless given",
           above=0, high=10),
]  # fmt: skip
DeltaLast = Annotated[float | None, Option("δ at last; a twelfth of delta_first unless given", above=0, high=10)]
Iterations = Annotated[int, Option("iterations of denoising and back-projection", low=1, high=10**5)]
Ridge = Annotated[
    float | None,
    Option("ε, what is added to AAᵀ (1 at its largest) before it is inverted; by the noise level unless given",
           low=1e-9, high=1e3),
]  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """A measurement posed for iterations.

    Attributes
    ----------
    scale : float
        Elements of the image for each one measured, along an axis.
    gaps : float
        The share of the measurement that is missing.
    level : float
        Of the noise; 0 for none.
    levels : sequence of float
        The noise level that the denoiser is told at each iteration.
    inverse : NormalInverse
    start : Tensor
        The first image, ``(1, C, *spatial)``.
    notes : sequence of str
    """

    y: Tensor
    physics: Any
    scale: float
    gaps: float
    level: float
    levels: Sequence[float]
    inverse: NormalInverse
    start: Tensor
    notes: tuple[str, ...]


def posed(
    y: Tensor,
    physics: Any,
    owner: str,
    *,
    sigma: float | None,
    delta_first: float | None,
    delta_last: float | None,
    ridge: float | None,
    steps: int,
) -> Problem:
    """The problem of a method called ``owner``; the options are the method's own."""
    gaps = share_of_gaps(physics, y)
    level, notes = _level(y, sigma, gaps, owner)
    adjoint = physics.A_adjoint(y)
    scale = (adjoint.numel() / (y.numel() * (1 - gaps))) ** (1 / (y.ndim - 2))
    first = FIRST * scale / COUNTS if delta_first is None else delta_first
    last = first / FIRST if delta_last is None else delta_last
    if ridge is None:
        ridge = LEAST_RIDGE + PER_POWER * (level * COUNTS) ** 2
    inverse = NormalInverse(physics.A, physics.A_adjoint, y, ridge)
    start = physics.A_adjoint(inverse(y))
    if inverse.kind == "diagonal" and gaps:
        start = _filled(start, physics.A_adjoint(torch.ones_like(y)) != 0)
    levels = [level + first ** (1 - t) * last**t for t in torch.linspace(0, 1, steps).tolist()]
    return Problem(y, physics, scale, gaps, level, levels, inverse, start, notes)


def _level(y: Tensor, sigma: float | None, gaps: float, owner: str) -> tuple[float, tuple[str, ...]]:
    if sigma is None and gaps > MISSING:
        return 0.0, (f"{owner}: sigma was not given, and of a measurement with gaps cannot be told; taken for 0",)
    return known_level(y[0].cpu().numpy(), sigma, owner)


def _filled(x: Tensor, known: Tensor) -> Tensor:
    """What was not measured, ``(1, C, H, W)``: a biharmonic fill where that can be solved for, and else the mean of
    what was around it."""
    filled = torch.where(known, x, stand_in(x, known.to(x), "mean", REACH))
    alike = known.all(1, keepdim=True).expand_as(known)
    if len(x) > 1 or x.ndim != 4 or not torch.equal(alike, known) or int((~known[0, 0]).sum()) > SOLVED:
        return filled
    return fill_smoothly(x, ~known[0, 0])


class BackProjecting(Stage):
    """``x <- D(z; level)``, ``z <- x + Aᵀ(AAᵀ + εI)⁻¹(y - A x)``, once a step; answers with ``z`` where the measurement
    has no noise, and with ``x`` where it has.

    Parameters
    ----------
    problem : Problem
    denoise : Module
        ``denoise(x, level)``.
    notes : sequence of str
        Beside the problem's.
    """

    x: Tensor
    z: Tensor
    taken: Tensor

    def __init__(self, problem: Problem, denoise: nn.Module, notes: Sequence[str] = ()) -> None:
        super().__init__(steps=len(problem.levels), notes=(*problem.notes, *notes))
        self.problem, self.denoise, self.inverse = problem, denoise, problem.inverse
        self.answer_cost = 0.0
        for name in ("x", "z"):
            self.register_buffer(name, problem.start.clone())
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))

    def solve(self) -> Mapping[str, Tensor]:
        y, physics = self.problem.y, self.problem.physics
        self.x.copy_(self.denoise(self.z, self.problem.levels[int(self.taken)]))
        residual = y - physics.A(self.x)
        self.z.copy_(self.x + physics.A_adjoint(self.inverse(residual)))
        self.taken.add_(1)
        self.last_output = self.estimate()
        return {"residual": residual.square().mean()}

    def estimate(self) -> Tensor:
        return (self.z if self.problem.level < NOISY else self.x).clone()
