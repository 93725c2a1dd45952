"""Fits whose objective is an unbiased estimate of their error: SURE, PURE and projected GSURE in one formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from oneself.core import Example, Fit, State, StoppingRule, total
from oneself.inputs import Observation
from oneself.losses import BackProjection, Fidelity
from oneself.operators.normal import NormalInverse
from oneself.recipes.prior.splitting import SplitFit
from oneself.stopping import After, Below, Objective

__all__ = ["RiskFit", "SplitRiskFit"]

FLOOR = 0.02  # of the noise's own variance: an estimate below says more of the network than of its error
SHARP = 10.0  # how suddenly the objective turns round there
MEMORY = 0.98  # decay of the running average of the estimate, which a single probe tells only roughly


class RiskFit(Fit, State):
    """Minimises Stein's estimate of how far ``x = h(Aᵀy)`` is from the truth, as far as the measurement can tell.

    With ``v(y) = A h(Aᵀ y)`` and any symmetric weight ``G``

        E ‖v − A x_true‖²_G = E [ ‖v − y‖²_G + 2 div_w(G v) − tr(G diag(w)) ],   div_w(u) = Σ w_i ∂u_i/∂y_i

    where ``w`` is the variance of every element's noise. ``A = G = I`` is SURE for ``w = σ²`` and, to first order,
    PURE for ``w = gain · y``; ``G = (AAᵀ + εI)⁻¹`` is the projected GSURE of the survey's equation (13). The divergence
    is told by one random probe a step. The estimate is unbiased for an ``h`` that does not depend on ``y``; one that is
    trained on it for long learns to have a negative divergence just there, and the estimate falls below 0, as no error
    can. So the running average of the estimate has a floor, at which its gradient turns round: what is minimised is
    ``log cosh`` of its distance from the floor, and going on changes little.

    Parameters
    ----------
    A : callable
    variance : float or Tensor
        ``w``.
    shift : float
        Length of the finite difference, in the measurement's units.
    inverse : NormalInverse or None
        ``G``; the identity unless given.
    input : Observation
    estimate : Objective
        The running average of the estimate that is watched: the run ends soon after it has reached the floor.
    start : int
        Step before which it does not count as there.
    extra_steps : int
        Steps that it goes on for then, while the outputs' average forgets the first ones.
    **fit
        As of ``Fit``; ``stop`` ends the run, too. A ``regularisation`` is no part of the estimate.

    Notes
    -----
    Stein. Estimation of the mean of a multivariate normal distribution. 1981.
    Eldar. Generalized SURE for exponential families. IEEE TSP 2009.
    Abu-Hussein, Tirer, Chun, Eldar, Giryes. Image restoration by deep projected GSURE. WACV 2022.
    Luisier, Blu, Unser. Image denoising in mixed Poisson-Gaussian noise. IEEE TIP 2011.
    """

    variance: Tensor
    trust: Tensor
    risk: Tensor
    input: Observation

    def __init__(
        self,
        *,
        A: Callable[[Tensor], Tensor],
        variance: float | Tensor,
        shift: float,
        inverse: NormalInverse | None = None,
        input: Observation,
        estimate: Objective,
        start: int,
        extra_steps: int,
        stop: StoppingRule | None = None,
        **fit: Any,
    ) -> None:
        super().__init__(loss=Fidelity(A) if inverse is None else BackProjection(A, inverse), input=input, **fit)
        self.A, self.shift, self.inverse = A, shift, inverse
        y = input.evaluation_example().target
        self.register_buffer("variance", torch.as_tensor(variance, dtype=y.dtype, device=y.device), persistent=False)
        trace = self.variance.expand_as(y).sum() if inverse is None else self.variance.mean() * inverse.trace(y)
        self.offset = -float(trace) / y.numel()
        self.floor = -FLOOR * self.offset
        ends = After(Below(estimate, self.floor, start), extra_steps)
        self.stop = ends if stop is None else stop | ends
        self.register_buffer("trust", torch.ones((), device=y.device))

    def terms(self, example: Example) -> Mapping[str, Tensor]:
        z, probe = example.input
        x = self.structure(z)
        self.last_output = x.detach().float()
        values = self.objective.values(x, example)
        offset = torch.full_like(next(iter(values.values())), self.offset).detach()
        fidelity = next(iter(values))
        risk = {
            fidelity: values.pop(fidelity),
            "divergence": self.spread(z, self.A(x), probe),
            "offset": offset,
        }
        self.risk = total(risk).detach()
        return {**{name: _weighted(value, self.trust) for name, value in risk.items()}, **values}

    def after_step(self) -> None:
        super().after_step()
        before = self.registered("mean_risk")
        average = self.register("mean_risk", self.risk if before is None else torch.lerp(self.risk, before, MEMORY))
        self.trust.copy_(torch.tanh(SHARP * (average - self.floor) / -self.offset))

    def spread(self, z: Tensor, v: Tensor, probe: Tensor) -> Tensor:
        """``2 div_w(G v) / n``."""
        weight = self.variance * probe if self.inverse is None else self.inverse(self.variance * probe)
        moved = self.A(self.structure(z + self.shift * self.input.A_adjoint(probe)))
        return 2 * (weight * (moved - v)).mean() / self.shift


class SplitRiskFit(SplitFit, RiskFit):
    """``RiskFit`` with a denoiser by the side, by ADMM; takes the arguments of both."""


def _weighted(value: Tensor, weight: Tensor) -> Tensor:
    """The value as it is, its gradient times ``weight``."""
    return value.detach() + weight * (value - value.detach())
