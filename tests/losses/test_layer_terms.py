"""Terms of layers: exclusion, nearness, smoothness, decided masks."""

import pytest
import torch

from oneself.core import Example
from oneself.losses import Decided, Exclusion, Nearness, OfLayer, Smoothness, exclusion

NOTHING = Example((torch.zeros(1),), torch.zeros(1))


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_exclusion_has_the_gradient_that_it_says():
    one, other = (random(1, c, 6, 7, seed=c).requires_grad_() for c in (2, 1))
    assert torch.autograd.gradcheck(lambda a, b: exclusion(a, b, levels=2), (one, other))


@pytest.mark.parametrize("shape", [(1, 1, 16), (1, 2, 8, 9), (1, 1, 4, 6, 5)])
def test_exclusion_is_symmetric_and_does_not_pay_less_for_a_faint_layer(shape):
    one, other = random(*shape, seed=1), random(*shape, seed=2)
    found = float(exclusion(one, other))
    assert float(exclusion(other, one)) == pytest.approx(found)
    assert float(exclusion(one, 0.1 * other)) == pytest.approx(found, rel=1e-3)


def test_exclusion_tells_edges_that_coincide_from_those_that_do_not():
    across, down = torch.zeros(1, 1, 16, 16), torch.zeros(1, 1, 16, 16)
    across[..., 8:], down[..., 8:, :] = 1, 1
    assert float(exclusion(across, down)) < 0.01 < 0.2 < float(exclusion(across, across))


def test_exclusion_of_all_levels_counts():
    one, other = random(1, 1, 16, 16, seed=1), random(1, 1, 16, 16, seed=2)
    assert float(exclusion(one, other, 1)) != pytest.approx(float(exclusion(one, other, 3)), rel=1e-3)


def test_exclusion_of_flat_layers_has_a_finite_slope():
    flat = torch.zeros(1, 1, 8, 8, requires_grad=True)
    exclusion(flat, torch.rand(1, 1, 8, 8)).backward()
    assert torch.isfinite(flat.grad).all()


def test_a_term_of_one_layer_leaves_the_others_alone():
    stack = random(1, 3, 4, 4).requires_grad_()
    term = OfLayer("second", lambda x: x[:, 1:2], Nearness(torch.zeros(1, 1, 4, 4, dtype=torch.float64)))
    term(stack, NOTHING).backward()
    assert term.name == "second"
    assert (stack.grad[:, 1] != 0).all()
    assert not stack.grad[:, [0, 2]].any()
    pair = Exclusion(lambda x: (x[:, :1], x[:, 1:]))
    assert torch.equal(pair(stack, NOTHING), exclusion(stack[:, :1], stack[:, 1:]))


@pytest.mark.parametrize(("power", "expected"), [(1, 0.5), (2, 0.25)])
def test_nearness_counts_where_it_is_told_to(power, expected):
    x, where = torch.full((1, 3, 2, 2), 0.5), torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
    x[..., 0, 1] = 9
    assert float(Nearness(torch.zeros(1, 3, 2, 2), where, power=power)(x, NOTHING)) == pytest.approx(expected)


def test_nearness_ends_after_its_steps():
    term, x = Nearness(torch.zeros(1, 1, 2, 2), steps=2), torch.ones(1, 1, 2, 2)
    found = []
    for _ in range(4):
        found.append(float(term(x, NOTHING)))
        term.advance()
    assert found == [1, 1, 0, 0]
    lasting = Nearness(torch.zeros(1, 1, 2, 2))
    lasting.advance()
    assert float(lasting(x, NOTHING)) == 1


def test_smoothness_is_nought_for_an_even_slope():
    slope = (torch.arange(5.0)[:, None] - 2 * torch.arange(6.0))[None, None]
    assert float(Smoothness()(slope, NOTHING)) == pytest.approx(0, abs=1e-9)
    bent = torch.tensor([0.0, 0.0, 1.0, 2.0])[None, None, None]
    assert float(Smoothness()(bent, NOTHING)) == pytest.approx(0.5)  # second differences 1 and 0


def test_decided_grows_and_likes_black_and_white():
    term = Decided(4)
    black, gray = torch.zeros(1, 1, 3, 3), torch.full((1, 1, 3, 3), 0.4)
    assert float(term(gray, NOTHING)) == 0
    for _ in range(2):
        term.advance()
    half = float(term(gray, NOTHING))
    for _ in range(9):
        term.advance()
    assert float(term(gray, NOTHING)) == pytest.approx(2 * half) == pytest.approx(1 / (8 * 0.1) - 1 / 4, rel=1e-2)
    assert float(term(black, NOTHING)) == pytest.approx(0, abs=1e-3)
