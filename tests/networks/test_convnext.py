"""ConvNeXt: what an element sees, any size and number of dimensions, and what it is told."""

import pytest
import torch

from oneself.networks import ConvNeXt


def woken(network):
    """It begins with the answer 0, whatever it sees."""
    torch.manual_seed(0)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network


@pytest.mark.parametrize(("blocks", "kernel"), [(1, 3), (2, 5), (3, 7)])
def test_an_element_sees_what_is_documented(blocks, kernel):
    network = woken(ConvNeXt(2, 3, 3, width=6, blocks=blocks, kernel=kernel))
    x = torch.rand(1, 3, 41, 43).requires_grad_()
    network(x, torch.tensor([[0.5]]))[0, :, 20, 21].sum().backward()
    rows, columns = (x.grad.abs().sum((0, 1, axis)).nonzero().flatten() for axis in (3, 2))
    side = blocks * (kernel - 1) + 1
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (
        20 - side // 2,
        20 + side // 2,
        21 - side // 2,
        21 + side // 2,
    )
    assert network.reach == side // 2


@pytest.mark.parametrize("size", [(11,), (9, 14), (1, 30), (5, 6, 7)])
def test_any_size(size):
    network = woken(ConvNeXt(len(size), 2, 4, 2, width=5, blocks=1))
    assert network(torch.rand(3, 2, *size), torch.rand(3, 2)).shape == (3, 4, *size)


def test_it_begins_with_nothing_and_heeds_what_it_is_told():
    fresh = ConvNeXt(2, 3, 3, width=4, blocks=1)
    x = torch.rand(1, 3, 8, 9)
    assert torch.equal(fresh(x, torch.tensor([[0.1]])), torch.zeros(1, 3, 8, 9))
    network = woken(fresh)
    assert not torch.allclose(network(x, torch.tensor([[0.1]])), network(x, torch.tensor([[0.9]])))
    alone = network(torch.cat([x, 0 * x]), torch.tensor([[0.1], [0.9]]))
    assert torch.allclose(alone[:1], network(x, torch.tensor([[0.1]])), atol=1e-5)
