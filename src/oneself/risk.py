"""Fits whose objective is an unbiased estimate of their error: SURE, PURE and projected GSURE in one formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from oneself.core import Example, Fit
from oneself.examples import Observation
from oneself.physics.normal import NormalInverse
from oneself.terms import BackProjection, Fidelity

__all__ = ["RiskFit"]


class RiskFit(Fit):
    """Minimises Stein's estimate of how far ``x = h(Aᵀy)`` is from the truth, as far as the measurement can tell.

    With ``v(y) = A h(Aᵀ y)`` and any symmetric weight ``G``

        E ‖v − A x_true‖²_G = E [ ‖v − y‖²_G + 2 div_w(G v) − tr(G diag(w)) ],   div_w(u) = Σ w_i ∂u_i/∂y_i

    where ``w`` is the variance of every element's noise. ``A = G = I`` is SURE for ``w = σ²`` and, to first order,
    PURE for ``w = gain · y``; ``G = (AAᵀ + εI)⁻¹`` is the projected GSURE of the survey's equation (13). The divergence
    is told by one random probe a step. The estimate is unbiased for an ``h`` that does not depend on ``y``; one that is
    trained on it for long learns to have a negative divergence just there, and the estimate falls below 0.

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
    **fit
        As of ``Fit``.

    Notes
    -----
    Stein. Estimation of the mean of a multivariate normal distribution. 1981.
    Eldar. Generalized SURE for exponential families. IEEE TSP 2009.
    Abu-Hussein, Tirer, Chun, Eldar, Giryes. Image restoration by deep projected GSURE. WACV 2022.
    Luisier, Blu, Unser. Image denoising in mixed Poisson-Gaussian noise. IEEE TIP 2011.
    """

    variance: Tensor
    input: Observation

    def __init__(
        self,
        *,
        A: Callable[[Tensor], Tensor],
        variance: float | Tensor,
        shift: float,
        inverse: NormalInverse | None = None,
        input: Observation,
        **fit: Any,
    ) -> None:
        super().__init__(loss=Fidelity(A) if inverse is None else BackProjection(A, inverse), input=input, **fit)
        self.A, self.shift, self.inverse = A, shift, inverse
        y = input.still().target
        self.register_buffer("variance", torch.as_tensor(variance, dtype=y.dtype, device=y.device), persistent=False)
        trace = self.variance.expand_as(y).sum() if inverse is None else self.variance.mean() * inverse.trace(y)
        self.offset = -float(trace) / y.numel()

    def terms(self, example: Example) -> Mapping[str, Tensor]:
        z, probe = example.input
        x = self.structure(z)
        self.last_output = x.detach().float()
        values = self.objective.values(x, example)
        offset = torch.full_like(next(iter(values.values())), self.offset)
        return {**values, "divergence": self.spread(z, self.A(x), probe), "offset": offset.detach()}

    def spread(self, z: Tensor, v: Tensor, probe: Tensor) -> Tensor:
        """``2 div_w(G v) / n``."""
        weight = self.variance * probe if self.inverse is None else self.inverse(self.variance * probe)
        moved = self.A(self.structure(z + self.shift * self.input.A_adjoint(probe)))
        return 2 * (weight * (moved - v)).mean() / self.shift
