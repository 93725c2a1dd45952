"""Summands of the objective against closed forms."""

import pytest
import torch
from torch import Tensor

from oneself.core import Example
from oneself.losses import Coupling, Fidelity, divergence

X = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
Y = torch.tensor([[[3.0, 3.0, 3.0, 8.0]]])  # gaps of 2x: -1, 1, 3, 0


def example(where: Tensor | None = None) -> Example:
    return Example((X,), Y, where)


def double(x: Tensor) -> Tensor:
    return 2 * x


@pytest.mark.parametrize(("power", "expected"), [(2, 11 / 4), (1, 5 / 4)])
def test_fidelity(power: int, expected: float) -> None:
    assert float(Fidelity(double, power)(X, example())) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("where", "expected"), [([1, 0, 1, 0], 5.0), ([0.5, 0, 1, 0], 9.5 / 1.5), ([0, 0, 0, 1], 0.0), ([0, 0, 0, 0], 0.0)]
)
def test_fidelity_where_it_counts(where: list[float], expected: float) -> None:
    found = Fidelity(double)(X, example(torch.tensor([[where]], dtype=torch.float32)))
    assert float(found) == pytest.approx(expected)


def test_weights_are_spread_over_channels() -> None:
    x, y, where = torch.rand(1, 3, 4, 5), torch.rand(1, 3, 4, 5), (torch.rand(1, 1, 4, 5) > 0.5).float()
    found = Fidelity()(x, Example((x,), y, where))
    mask = where.expand_as(x).bool()
    assert float(found) == pytest.approx(float((x - y)[mask].square().mean()), rel=1e-5)


def test_what_does_not_count_gets_no_gradient() -> None:
    x = X.clone().requires_grad_()
    Fidelity(double)(x, example(torch.tensor([[[1.0, 0.0, 1.0, 0.0]]]))).backward()
    assert x.grad.flatten().tolist() == [-2, 0, 6, 0]  # 2 * 2 * gap / 2


def test_coupling() -> None:
    coupling = Coupling(Y)
    assert float(coupling(X, example())) == pytest.approx((4 + 1 + 0 + 16) / 4)
    coupling.dual.fill_(1)
    coupling.copy.copy_(X)
    assert float(coupling(X + 2, example())) == pytest.approx(9)
    assert Y.tolist() == [[[3, 3, 3, 8]]]  # the copy is its own


def test_coupling_pulls_towards_copy_less_dual() -> None:
    coupling, x = Coupling(Y), X.clone().requires_grad_()
    coupling.dual.fill_(0.5)
    coupling(x, example()).backward()
    assert torch.allclose(x.grad, 2 * (X - (Y - 0.5)) / 4)


def estimated(f: object, y: Tensor, probes: int, sigma: float = 0.1) -> tuple[float, float]:
    torch.manual_seed(0)
    found = torch.stack([divergence(f, y, sigma) for _ in range(probes)])
    return float(found.mean()), float(found.std() / probes**0.5)


def test_divergence_of_a_linear_map_is_its_trace() -> None:
    generator = torch.Generator().manual_seed(0)
    W = torch.eye(50, dtype=torch.float64) * 0.6 + 0.05 * torch.randn(50, 50, generator=generator, dtype=torch.float64)
    y = torch.rand(1, 1, 50, generator=generator, dtype=torch.float64)
    mean, error = estimated(lambda x: x @ W.T, y, 2000)
    assert mean == pytest.approx(float(W.trace()) / 50, abs=4 * error)
    assert error < 0.005


def test_divergence_of_a_nonlinear_map_is_that_of_its_jacobian() -> None:
    generator = torch.Generator().manual_seed(0)
    W = 0.3 * torch.randn(12, 12, generator=generator, dtype=torch.float64)
    y = torch.rand(1, 1, 12, generator=generator, dtype=torch.float64)

    def f(x: Tensor) -> Tensor:
        return torch.tanh(x @ W.T) + 0.5 * x.square()

    jacobian = torch.autograd.functional.jacobian(f, y).reshape(12, 12)
    mean, error = estimated(f, y, 6000, sigma=0.001)
    assert mean == pytest.approx(float(jacobian.trace()) / 12, abs=4 * error)
    assert error < 0.01


def test_a_given_probe_and_answer_are_used() -> None:
    y, probe, calls = torch.zeros(1, 1, 4), torch.tensor([[[1.0, -1.0, 2.0, 0.0]]]), []

    def f(x: Tensor) -> Tensor:
        calls.append(x)
        return 3 * x

    assert float(divergence(f, y, 0.5, probe, f(y))) == pytest.approx(3 * 6 / 4)
    assert len(calls) == 2
    assert torch.allclose(calls[1], 0.05 * probe)
    assert float(divergence(f, y, 0.0, probe)) == pytest.approx(4.5)  # no noise: a shift all the same
