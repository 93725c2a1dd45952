"""SURE, PURE and the projected GSURE are unbiased: for a linear estimator their mean is the true error."""

import pytest
import torch
from torch import nn

from oneself.examples import Observation
from oneself.optim import adam
from oneself.physics import NormalInverse
from oneself.risk import RiskFit

DRAWS = 4000


class Linear(nn.Module):
    """``x = W z``, whatever the shape."""

    def __init__(self, matrix):
        super().__init__()
        self.matrix = nn.Parameter(matrix)

    def forward(self, z):
        return (self.matrix @ z.flatten()).reshape(z.shape)


def risk_of(y, A, adjoint, variance, matrix, inverse=None):
    fit = RiskFit(
        A=A,
        variance=variance,
        shift=0.05,
        inverse=inverse,
        structure=Linear(matrix),
        input=Observation(y, adjoint),
        optimiser=adam(1e-3),
        steps=1,
    )
    with torch.no_grad():
        return sum(float(value) for value in fit.terms(fit.input()).values())


def matrix(n):
    return (
        torch.randn(n, n, generator=torch.Generator().manual_seed(1), dtype=torch.float64) / n
        + 0.5 * torch.eye(n).double()
    )


def test_sure_is_unbiased():
    n, sigma = 12, 0.3
    x, W = torch.rand(1, 1, n, dtype=torch.float64), matrix(12)
    torch.manual_seed(0)
    noise = sigma * torch.randn(DRAWS, 1, 1, n, dtype=torch.float64)
    told = [risk_of(x + e, lambda v: v, lambda v: v, sigma**2, W) for e in noise]
    true = ((W @ x.flatten() - x.flatten()).square().sum() + sigma**2 * W.square().sum()) / n
    assert sum(told) / DRAWS == pytest.approx(float(true), rel=0.1)
    fitted = ((W @ x.flatten() - x.flatten()).square().sum() + sigma**2 * (W - torch.eye(n)).square().sum()) / n
    assert abs(float(fitted - sigma**2 - true)) > 0.2 * float(true)  # without the divergence it would be far off


def test_pure_is_unbiased():
    n, gain = 12, 0.2
    x, W = 0.3 + torch.rand(1, 1, n, dtype=torch.float64), matrix(12)
    torch.manual_seed(0)
    draws = gain * torch.poisson((x / gain).expand(DRAWS, 1, 1, n).contiguous())
    told = [risk_of(y[None][0], lambda v: v, lambda v: v, gain * y, W) for y in draws]
    spread = (W.square() @ (gain * x.flatten())).sum()
    true = ((W @ x.flatten() - x.flatten()).square().sum() + spread) / n
    assert sum(told) / DRAWS == pytest.approx(float(true), rel=0.1)


def test_projected_gsure_is_unbiased_for_a_blur():
    n, sigma = 12, 0.2

    def blur(x):
        return (x + x.roll(1, -1) + x.roll(-1, -1)) / 3

    x, W = torch.rand(1, 1, n, dtype=torch.float64), matrix(12)
    inverse = NormalInverse(blur, blur, x, ridge=0.1)
    assert inverse.kind == "circulant"
    torch.manual_seed(0)
    noise = sigma * torch.randn(DRAWS, 1, 1, n, dtype=torch.float64)
    told = [risk_of(blur(x) + e, blur, blur, sigma**2, W, inverse) for e in noise]
    H = torch.stack([blur(e[None, None]).flatten() for e in torch.eye(n, dtype=torch.float64)], 1)
    G = torch.linalg.inv(H @ H.T + inverse.epsilon * torch.eye(n, dtype=torch.float64))
    bias, gain = H @ W @ H.T @ H @ x.flatten() - H @ x.flatten(), H @ W @ H.T
    true = (bias @ G @ bias + sigma**2 * (gain.T @ G @ gain).trace()) / n
    assert sum(told) / DRAWS == pytest.approx(float(true), rel=0.1)


def test_without_a_known_trace_only_the_constant_is_missing():
    y = torch.rand(1, 1, 10)

    class NoTrace(NormalInverse):
        def trace(self, y):
            return float("nan")

    fits = [
        RiskFit(
            A=lambda v: v,
            variance=0.01,
            shift=0.05,
            inverse=kind(lambda v: v, lambda v: v, y, ridge=0.1),
            structure=Linear(torch.eye(10)),
            input=Observation(y, lambda v: v),
            optimiser=adam(1e-3),
            steps=1,
        )
        for kind in (NormalInverse, NoTrace)
    ]
    assert [fit.offset for fit in fits] == pytest.approx([-0.01 / 1.1, 0.0])
