"""The average of weights against its recursion written out."""

import pytest
import torch
from torch import nn

from oneself.core import WeightAverage


@pytest.mark.parametrize("decay", [0.5, 0.99])
def test_closed_form(decay: float) -> None:
    network = nn.Linear(3, 2)
    average = WeightAverage(network, decay)
    expected = [parameter.detach().clone() for parameter in network.parameters()]
    for step in range(1, 40):
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.normal_()
        average.update(network)
        kept = min(decay, step / (step + 9))
        expected = [kept * a + (1 - kept) * p for a, p in zip(expected, network.parameters(), strict=True)]
    for mine, theirs in zip(average.network.parameters(), expected, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6)


def test_it_neither_learns_nor_moves_what_it_averages() -> None:
    network = nn.Linear(3, 2)
    average = WeightAverage(network, 0.9)
    before = network.weight.detach().clone()
    with torch.no_grad():
        network.weight.add_(1)
    average.update(network)
    assert torch.equal(network.weight, before + 1)
    assert not any(parameter.requires_grad for parameter in average.parameters())
    assert network.weight.requires_grad


def test_it_is_saved_and_goes_on() -> None:
    network = nn.Linear(3, 2)
    one, other = (WeightAverage(network, 0.99) for _ in range(2))
    with torch.no_grad():
        network.weight.add_(1)
    for _ in range(5):
        one.update(network)
    other.load_state_dict(one.state_dict())
    one.update(network)
    other.update(network)
    assert torch.equal(one.network.weight, other.network.weight)
