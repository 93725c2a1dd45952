"""Transport between patches against closed forms."""

import pytest
import torch
from scipy.optimize import linear_sum_assignment

from oneself.losses import PatchTransport, sliced_distance
from oneself.testing.pictures import picture


def test_the_sliced_distance_of_a_brighter_picture():
    """Every projection is shifted by the shift times the sum of its direction."""
    x = picture(20, 24)
    torch.manual_seed(0)
    found = sliced_distance(x, x + 0.1, 5, 16)
    torch.manual_seed(0)
    drawn = torch.randn(16, x.shape[1], 5, 5)
    sums = (drawn / drawn.flatten(1).norm(dim=1)[:, None, None, None]).sum((1, 2, 3))
    assert float(found) == pytest.approx(0.1 * float(sums.abs().mean()), rel=1e-4)


def test_the_sliced_distance_asks_for_no_places():
    x = picture(20, 24)
    assert float(sliced_distance(x, x.roll(7, 3), 1, 8)) < 1e-6
    assert float(sliced_distance(x, x.flip(2), 1, 8)) < 1e-6
    assert float(sliced_distance(x, x * 0.5, 1, 8)) > 0.01


def test_potentials_lead_to_the_best_assignment():
    """Of single elements, as many as are reached: once the potentials rest, the cost is that of the best assignment."""
    torch.manual_seed(1)
    x, y = torch.rand(1, 3, 6, 6), 0.5 * torch.rand(1, 3, 6, 6) + 0.1
    costs = torch.cdist(x[0].flatten(1).T, y[0].flatten(1).T).square() / 3
    least = float(costs[linear_sum_assignment(costs.numpy())].mean())
    transport = PatchTransport(y, 1, 1)
    nearest = float(transport(x))
    found = [float(transport(x)) for _ in range(3000)][-500:]
    assert nearest < 0.9 * least
    assert sum(found) / len(found) == pytest.approx(least, rel=0.03)


def test_the_same_patches_cost_nothing():
    x = picture(20, 24)
    transport = PatchTransport(x, 5, 1)
    assert float(transport(x)) == 0
    assert float(transport.potentials.abs().max()) == 0


def test_of_many_patches_some_are_drawn(monkeypatch):
    from oneself.losses import transport as module

    monkeypatch.setattr(module, "MOST", 50)
    made = PatchTransport(picture(20, 24), 5, 3)
    assert made.known.shape == (50, 75)
    x = picture(20, 24).clone().requires_grad_()
    made(x).backward()
    assert float(x.grad.abs().sum()) > 0
