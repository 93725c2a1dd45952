"""A smoothing spline: the smoothest answer that the noise allows, for signals and pictures too small for anything else.

Given           y = x + noise, white
Structure       none: every element is free
Input           none
Loss            ‖x − y‖²
Regularisation  λ ‖Lx‖², L the second differences along all axes, with mirrored borders; λ of the least estimated risk:
                Stein's where σ is known, generalised cross-validation where it is not

Garcia. Robust smoothing of gridded data in one and higher dimensions with missing values. Computational Statistics &
Data Analysis 2010. (the cosine transform that solves it)
Craven, Wahba. Smoothing noisy data with spline functions. Numerische Mathematik 1979. (λ)
Stein. Estimation of the mean of a multivariate normal distribution. Annals of Statistics 1981. (λ where σ is known)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import torch
from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.recipes import options as o

WEIGHTS = 10.0 ** torch.linspace(-3, 6, 46)  # those of λ that are tried first
FINER = 10.0 ** torch.linspace(-0.2, 0.2, 21)  # times the best of them, then
FEWEST = 16  # elements under which noise of unknown level cannot be told from the signal
LONGEST = 2**13  # elements along an axis
SURE = 4.0  # of a wave's power above what the largest of as many of noise alone has


class Smoothing(Stage):
    """Two steps: the weight of least estimated risk is found, then more finely; the estimate is its spline.

    Parameters
    ----------
    y : Tensor
        ``(1, C, *spatial)``.
    sigma : float or None
        Level of the noise; its risk is cross-validated where that is not given.
    order : int
        Of the differences whose square is small, halved: 1 for the second.
    """

    def __init__(self, y: Tensor, sigma: float | None, order: int) -> None:
        super().__init__(steps=2)
        self.y, self.sigma = y, sigma
        self.waves = [_cosines(n).to(y) for n in y.shape[2:]]
        self.roughness = _roughness(y.shape[2:]).to(y) ** (2 * order)
        self.register_buffer("weight", torch.zeros(()))

    weight: Tensor

    def solve(self) -> Mapping[str, Tensor]:
        power = _turned(self.y, self.waves).square()
        tried = WEIGHTS.to(self.weight) if not self.weight else self.weight * FINER.to(self.weight)
        risks = torch.stack([self._risk(power, weight) for weight in tried])
        plain = torch.stack([~self._structured(power, weight) for weight in tried])
        best = int(torch.where(plain, risks, math.inf).argmin())
        if bool(plain.any()) and (self.sigma is not None or self.roughness.numel() >= FEWEST):
            self.weight.copy_(tried[best])
        return {"risk": risks[best]}

    def _structured(self, power: Tensor, weight: Tensor) -> Tensor:
        """Whether what a weight removes holds a wave that white noise would hardly have."""
        removed = (weight * self.roughness / (1 + weight * self.roughness)).square()
        waves = removed * power.mean((0, 1))
        together, most = waves, 2 * math.log(waves.numel()) + SURE
        for axis, n in enumerate(waves.shape):
            together = together if n < 3 else _three(together, axis)
        count = 3 ** sum(n > 2 for n in waves.shape)
        found = [waves.max() / (1 + most), together.max() / (count + most)]
        for axis, n in enumerate(waves.shape):  # waves along one axis, however they lie along the others
            others = waves.numel() // n
            along = waves.movedim(axis, 0).reshape(n, -1).sum(1)
            found.append(along.max() / (others + 2 * math.sqrt(others * most) + 2 * most))
        return torch.stack(found).max() * removed.sum() > waves.sum()

    def _risk(self, power: Tensor, weight: Tensor) -> Tensor:
        """The estimated risk of a weight, up to what is the same for all weights, per element."""
        removed = weight * self.roughness / (1 + weight * self.roughness)
        left, freedom = (removed**2 * power).mean(), removed.mean()
        if self.sigma is not None:
            return left - 2 * self.sigma**2 * freedom
        return left / freedom.square() if freedom > 0 else torch.full((), math.inf)

    def estimate(self) -> Tensor:
        kept = 1 / (1 + self.weight.to(self.y) * self.roughness)
        return _turned(_turned(self.y, self.waves) * kept, [wave.T for wave in self.waves])


@method(
    "Smoothing spline (penalised least squares)",
    cite="Garcia. Robust smoothing of gridded data in one and higher dimensions with missing values. Computational "
    "Statistics & Data Analysis 2010. Craven, Wahba. Smoothing noisy data with spline functions. Numerische Mathematik "
    "1979.",
    tasks=("denoise",),
    needs=("A",),
    deterministic=True,
)
def smoothing_spline(
    y: Tensor,
    physics: Any,
    *,
    sigma: o.Sigma = None,
    order: Annotated[int, Option("half the order of the differences whose square is small", low=1, high=4)] = 1,
) -> Stage:
    if max(y.shape[2:]) > LONGEST:
        raise ValueError(
            f"smoothing_spline(y.shape={tuple(y.shape)}): over {LONGEST} elements along an axis, whose transform would "
            "take their square in memory. Use another method."
        )
    return Smoothing(y, sigma, order)


def _roughness(size: torch.Size) -> Tensor:
    """What second differences along all axes make of every wave of the cosine transform, ``size``."""
    total = torch.zeros(())
    for n in size:
        total = total[..., None] + 2 - 2 * torch.cos(math.pi * torch.arange(n) / n)
    return total


def _cosines(n: int) -> Tensor:
    """The orthonormal cosine transform, ``(frequency, place)``."""
    place = torch.arange(n)
    waves = torch.cos(math.pi * (place + 0.5) * place[:, None] / n) * math.sqrt(2 / n)
    waves[0] /= math.sqrt(2)
    return waves


def _turned(x: Tensor, matrices: list[Tensor]) -> Tensor:
    """Every spatial axis of ``x`` multiplied by its matrix."""
    for axis, matrix in enumerate(matrices, 2):
        x = (x.movedim(axis, -1) @ matrix.T).movedim(-1, axis)
    return x


def _three(x: Tensor, axis: int) -> Tensor:
    """The sums of three neighbours along an axis."""
    return x.unfold(axis, 3, 1).sum(-1)
