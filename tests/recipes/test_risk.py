"""SURE, PURE and the projected GSURE are unbiased: for a linear estimator their mean is the true error."""

import math

import pytest
import torch
from torch import nn

from oneself.inputs import Observation
from oneself.operators import NormalInverse
from oneself.optim import adam
from oneself.recipes.prior.risk import FLOOR, MEMORY, SHARP, RiskFit, SplitRiskFit
from oneself.stopping import Below, Objective

from ..core.toys import Given, looked

DRAWS = 40_000  # channels of one measurement, that the estimator treats alike: the mean over them is the expectation
N = 12
CHANCE = torch.Generator().manual_seed(1)
W = torch.randn(N, N, generator=CHANCE, dtype=torch.float64) / N + 0.5 * torch.eye(N, dtype=torch.float64)
X = torch.rand(N, generator=CHANCE, dtype=torch.float64)


class Linear(nn.Module):
    """``x = W z`` along the last axis."""

    def __init__(self, matrix):
        super().__init__()
        self.matrix = nn.Parameter(matrix)

    def forward(self, z):
        return z @ self.matrix.T


def same(x):
    return x


def blur(x):
    return (x + x.roll(1, -1) + x.roll(-1, -1)) / 3


def risk_of(y, A, variance, inverse=None):
    """The mean over all draws ``y``, of an operator that is its own adjoint."""
    fit = RiskFit(
        A=A,
        variance=variance,
        shift=0.05,
        inverse=inverse,
        structure=Linear(W),
        input=Observation(y, A),
        estimate=Objective(),
        start=0,
        extra_steps=0,
        optimiser=adam(1e-3),
        steps=1,
    )
    torch.manual_seed(2)
    with torch.no_grad():
        return {name: float(value) for name, value in fit.terms(fit.input()).items()}


def gaussian(x, sigma):
    chance = torch.Generator().manual_seed(0)
    return x + sigma * torch.randn(1, DRAWS, N, generator=chance, dtype=torch.float64)


def test_sure_is_unbiased():
    sigma = 0.3
    told = risk_of(gaussian(X, sigma), same, sigma**2)
    true = float(((W @ X - X).square().sum() + sigma**2 * W.square().sum()) / N)
    assert sum(told.values()) == pytest.approx(true, rel=0.02)
    assert told["offset"] == pytest.approx(-(sigma**2))
    assert told["divergence"] == pytest.approx(2 * sigma**2 * float(W.trace()) / N, rel=0.02)


def test_pure_is_unbiased():
    gain = 0.2
    torch.manual_seed(0)
    y = gain * torch.poisson(((0.3 + X) / gain).expand(1, DRAWS, N).contiguous())
    told = risk_of(y, same, gain * y)
    x = 0.3 + X
    true = float(((W @ x - x).square().sum() + (W.square() @ (gain * x)).sum()) / N)
    assert sum(told.values()) == pytest.approx(true, rel=0.02)
    assert told["divergence"] == pytest.approx(2 * gain * float(W.diag() @ x) / N, rel=0.02)


def test_projected_gsure_is_unbiased_for_a_blur():
    sigma = 0.2
    inverse = NormalInverse(blur, blur, X[None, None], ridge=0.1)
    assert inverse.kind == "circulant"
    told = risk_of(gaussian(blur(X), sigma), blur, sigma**2, inverse)
    eye = torch.eye(N, dtype=torch.float64)
    H = blur(eye)
    G = torch.linalg.inv(H @ H.T + inverse.epsilon * eye)
    gain = H @ W @ H.T  # v = A h(Aᵀ y) is linear in y
    bias = gain @ H @ X - H @ X
    true = float((bias @ G @ bias + sigma**2 * (gain.T @ G @ gain).trace()) / N)
    assert sum(told.values()) == pytest.approx(true, rel=0.02)
    assert told["divergence"] == pytest.approx(2 * sigma**2 * float((G @ gain).trace()) / N, rel=0.02)


def test_the_estimate_is_minimised_down_to_its_floor_and_no_further():
    """Far above the floor the gradient is the estimate's; below it it turns round."""
    fit = RiskFit(
        A=same,
        variance=0.04,
        shift=0.05,
        structure=Linear(W),
        input=Observation(gaussian(X, 0.2)[:, :50], same),
        estimate=Objective(),
        start=0,
        extra_steps=0,
        optimiser=adam(1e-3),
        steps=1,
    )
    assert fit.floor == pytest.approx(FLOOR * 0.04)
    example, slopes = fit.input(), []
    for average in (1.0, fit.floor, -1.0):
        fit.register("mean_risk", torch.tensor(average, dtype=torch.float64))
        fit.risk = torch.tensor(average, dtype=torch.float64)
        fit.after_step()
        (slope,) = torch.autograd.grad(sum(fit.terms(example).values()), fit.structure.matrix)
        slopes.append(slope)
    assert float(slopes[0].abs().sum()) > 0
    assert torch.allclose(slopes[2], -slopes[0])
    assert torch.allclose(slopes[1], torch.zeros_like(slopes[1]), atol=1e-8)


def small_fit(**chosen):
    settings = {"variance": 0.04, "estimate": Objective(), "start": 0, "extra_steps": 0} | chosen
    y = gaussian(X, 0.2)[:, :50]
    return RiskFit(A=same, shift=0.05, structure=Linear(W), input=Observation(y, same), optimiser=adam(1e-3), steps=1,
                   **settings)  # fmt: skip


def test_the_average_is_of_the_whole_estimate_and_slow():
    fit = small_fit()
    told = [float(sum(fit.terms(fit.input()).values()).detach())]
    assert float(fit.risk) == pytest.approx(told[0])
    fit.after_step()
    for risk in (0.5, -0.1):
        fit.risk = torch.tensor(risk, dtype=torch.float64)
        fit.after_step()
        told.append(risk)
    average = MEMORY**2 * told[0] + MEMORY * (1 - MEMORY) * told[1] + (1 - MEMORY) * told[2]
    assert float(fit.registered("mean_risk")) == pytest.approx(average)
    assert float(fit.trust) == pytest.approx(math.tanh(SHARP * (average / 0.04 - FLOOR)))


def test_it_ends_some_steps_after_its_floor_or_by_another_rule():
    values = [1.0, 1.0, 0.0005, 1.0, 1.0, 1.0]  # the floor is at 0.0008
    for start, settle, stop, expected in (
        (0, 0, None, 2),
        (0, 2, None, 4),
        (3, 0, None, None),
        (0, 2, Below(Given([2, 0, 2, 2, 2, 2]), 1.0), 1),
    ):
        rule = small_fit(estimate=Given(values), start=start, extra_steps=settle, stop=stop).stop
        assert next((i for i in range(6) if bool(rule(looked(i)))), None) == expected


def test_a_denoiser_by_the_side_is_no_part_of_the_estimate():
    y = gaussian(X, 0.2)[:, :50]
    settings = {"variance": 0.04, "estimate": Objective(without=("coupling",)), "start": 0, "extra_steps": 0}
    parts = {"A": same, "shift": 0.05, "optimiser": adam(1e-3), "steps": 1}
    torch.manual_seed(0)
    alone = RiskFit(structure=Linear(W), input=Observation(y, same), **parts, **settings)
    torch.manual_seed(0)
    split = SplitRiskFit(proximal=lambda x, v: x, every=1, copy=torch.rand_like(y), penalty=0.7,
                         structure=Linear(W), input=Observation(y, same), **parts, **settings)  # fmt: skip
    example = alone.input()
    plain, both = alone.terms(example), split.terms(example)
    assert set(both) - set(plain) == {"coupling"}
    assert split.risk == alone.risk == sum(plain.values())
    for average in (1.0, alone.floor):  # at the floor the estimate has no slope left, the coupling has
        split.register("mean_risk", torch.tensor(average, dtype=torch.float64))
        split.risk = torch.tensor(average, dtype=torch.float64)
        split.trust.fill_(0.0 if average == split.floor else 1.0)
        terms = split.terms(example)
        (slope,) = torch.autograd.grad(terms["coupling"], split.structure.matrix)
        assert float(slope.abs().sum()) > 0
