"""Back-projection, guidance and total variation against their definitions."""

import pytest
import torch

from oneself.core import Example, Identity
from oneself.losses import BackProjection, Fidelity, Guided, TotalVariation, data_term
from oneself.operators import NormalInverse, Resize


def problem():
    chance = torch.Generator().manual_seed(0)
    operator = Resize(2)
    x = torch.rand(1, 1, 12, 10, generator=chance, dtype=torch.float64)
    y = operator.A(x)
    return operator, x, y, NormalInverse(operator.A, operator.A_adjoint, y, ridge=0.02, steps=80)


def test_back_projection_is_the_weighted_norm_and_so_is_its_gradient():
    operator, x, y, inverse = problem()
    other = torch.rand(x.shape, dtype=torch.float64).requires_grad_()
    value = BackProjection(operator.A, inverse)(other, Example((), y))
    r = operator.A(other.detach()) - y
    assert float(value.detach()) == pytest.approx(float((r * inverse(r)).sum() / r.numel()), rel=1e-9)
    value.backward()
    expected = 2 * operator.A_adjoint(inverse(r)) / r.numel()
    torch.testing.assert_close(other.grad, expected, rtol=1e-6, atol=1e-9)


def test_back_projection_is_zero_exactly_where_the_measurement_is_explained():
    operator, x, y, inverse = problem()
    term = BackProjection(operator.A, inverse)
    assert float(term(x, Example((), y))) == 0
    least = x + torch.randn(x.shape, dtype=torch.float64)
    steps = NormalInverse(operator.A, operator.A_adjoint, y, ridge=1e-9, steps=200)
    onto = least - operator.A_adjoint(steps(operator.A(least) - y))
    assert float(term(onto, Example((), y))) < 1e-10 < float(term(least, Example((), y)))


def test_guidance_goes_from_back_projection_to_least_squares():
    operator, _, y, inverse = problem()
    other, example = torch.rand(1, 1, 12, 10, dtype=torch.float64), Example((), y)
    guided = Guided(operator.A, inverse, steps=4)
    back, least = BackProjection(operator.A, inverse)(other, example), Fidelity(operator.A)(other, example)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0, 1.0):
        assert float(guided(other, example)) == pytest.approx(float((1 - share) * back + share * least))
        guided.advance()


def test_data_term_by_name():
    y = torch.rand(1, 1, 4, 4)
    kinds = {
        kind: type(data_term(kind, Identity(), y, ridge=0.1, steps=3))
        for kind in ("least-squares", "back-projection", "guided")
    }
    assert kinds == {"least-squares": Fidelity, "back-projection": BackProjection, "guided": Guided}


@pytest.mark.parametrize("size", [(7,), (5, 6), (3, 4, 5)])
def test_total_variation_of_a_ramp_is_its_slope(size):
    x = torch.arange(size[0], dtype=torch.float32).reshape(1, 1, -1, *[1] * (len(size) - 1)).expand(1, 1, *size)
    assert float(TotalVariation()(0.25 * x, Example((), x))) == pytest.approx(0.25)


def test_total_variation_leaves_out_axes_of_one_element():
    x = torch.rand(1, 1, 1, 6)
    assert float(TotalVariation()(x, Example((), x))) == pytest.approx(float(x.diff(dim=3).abs().mean()))
