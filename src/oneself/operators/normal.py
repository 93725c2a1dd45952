"""The inverse of ``AAᵀ + εI``: exact where the operator is simple, by conjugate gradients where it is not."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from oneself.operators.conjugate_gradients import conjugate_gradients

__all__ = ["NormalInverse"]

Operator = Callable[[Tensor], Tensor]
PROBES = 4
SAME = 1e-4  # relative difference under which two ways of computing AAᵀr are the same operator


class NormalInverse(nn.Module):
    """``r -> (A Aᵀ + ε I)⁻¹ r`` on measurements of one shape.

    The operator is probed once. Where ``AAᵀ`` multiplies every element by a number of its own (masks), or is a
    circular convolution (circular blur, with or without regular sampling), as a random probe confirms, the inverse
    is that division, in the elements or in their Fourier transform, and costs next to nothing. Otherwise conjugate
    gradients run, each step one ``A`` and one ``Aᵀ``.

    Parameters
    ----------
    A, A_adjoint : callable
        A linear operator and its transpose.
    y : Tensor
        A measurement, for its shape.
    ridge : float
        ``ε`` as a share of the largest eigenvalue of ``AAᵀ``; above 0 it keeps the inverse bounded.
    steps : int
        Conjugate gradient steps at most.

    Attributes
    ----------
    kind : str
        ``"diagonal"``, ``"circulant"`` or ``"conjugate gradients"``.
    epsilon : float
        ``ε`` itself.
    """

    response: Tensor | None

    def __init__(self, A: Operator, A_adjoint: Operator, y: Tensor, ridge: float, steps: int = 30) -> None:
        super().__init__()
        self.A, self.A_adjoint, self.steps = A, A_adjoint, steps
        self.axes = tuple(range(2, y.ndim))
        with torch.no_grad():
            self.kind, response = self._probed(y)
            largest = self._largest(y) if response is None else float(response.abs().max())
        if not largest > 0:
            raise ValueError(
                "NormalInverse(A): the operator makes everything 0. Give the one that made the measurement."
            )
        self.epsilon = ridge * largest
        self.register_buffer("response", response, persistent=False)

    def _normal(self, r: Tensor) -> Tensor:
        return self.A(self.A_adjoint(r))

    def _probed(self, y: Tensor) -> tuple[str, Tensor | None]:
        """What kind of operator ``AAᵀ`` is, and its eigenvalues where they are known."""
        generator = torch.Generator().manual_seed(0)
        probe = torch.randn(y.shape, generator=generator).to(y)
        expected = self._normal(probe)
        scale = SAME * expected.abs().max()
        each = self._normal(torch.ones_like(y))
        if bool((each * probe - expected).abs().max() <= scale):
            return "diagonal", each
        delta = torch.zeros_like(y)
        delta.flatten(2)[..., 0] = 1
        spectrum = torch.fft.fftn(self._normal(delta), dim=self.axes).real
        found = torch.fft.ifftn(spectrum * torch.fft.fftn(probe, dim=self.axes), dim=self.axes).real
        if bool((found - expected).abs().max() <= scale):
            return "circulant", spectrum.clamp(min=0)
        return "conjugate gradients", None

    def _largest(self, y: Tensor) -> float:
        """The largest eigenvalue of ``AAᵀ``, by power iteration."""
        x = torch.randn(y.shape, generator=torch.Generator().manual_seed(1)).to(y)
        size = x.norm()
        for _ in range(20):
            x = self._normal(x / size.clamp(min=1e-30))
            size = x.norm()
        return float(size)

    @torch.no_grad()
    def forward(self, r: Tensor, epsilon: float | None = None) -> Tensor:
        """The solution, ``(B, C, *spatial)``, for another ``epsilon`` where one is given.

        It carries no graph, and is exact at a run's lower precision, too.
        """
        more = self.epsilon if epsilon is None else epsilon
        with torch.autocast(r.device.type, enabled=False):
            if self.response is None:
                return conjugate_gradients(lambda s: self._normal(s) + more * s, r, steps=self.steps)
            if self.kind == "diagonal":
                return r / (self.response + more)
            spectrum = torch.fft.fftn(r, dim=self.axes) / (self.response + more)
            solution: Tensor = torch.fft.ifftn(spectrum, dim=self.axes).real
            return solution

    def trace(self, y: Tensor) -> float:
        """``tr (AAᵀ + εI)⁻¹`` on measurements of the shape of ``y``: exact where the eigenvalues are known, by random
        probes where they are not (Hutchinson 1990; its relative error is about ``1 / √(2 y.numel())``)."""
        if self.response is not None:
            return float((1 / (self.response + self.epsilon)).expand(y.shape).sum())
        generator = torch.Generator().manual_seed(2)
        signs = [torch.randint(0, 2, y.shape, generator=generator).to(y) * 2 - 1 for _ in range(PROBES)]
        return sum(float((probe * self(probe)).sum()) for probe in signs) / PROBES
