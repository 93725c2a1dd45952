"""Kernels of one channel each: the same sums as torch's, values and gradients, for any number of dimensions."""

import pytest
import torch

from oneself.networks import ConvNeXt
from oneself.networks.depthwise import Depthwise

KIND = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)


@pytest.mark.parametrize("size", [(11,), (9, 14), (3, 4), (5, 6, 7)])
@pytest.mark.parametrize("count", [1, 3])
def test_values_and_gradients_are_torchs(size, count):
    torch.manual_seed(0)
    mine = Depthwise(len(size), 4, 5).double()
    other = KIND[len(size) - 1](4, 4, 5, padding=2, groups=4).double()
    other.load_state_dict(mine.state_dict())
    x = torch.randn(count, 4, *size, dtype=torch.double)
    found = []
    for layer in (mine, other):
        image = x.clone().requires_grad_()
        made = layer(image)
        (made * torch.arange(made.numel()).reshape(made.shape).sin()).sum().backward()
        found.append((made, image.grad, layer.weight.grad, layer.bias.grad))
    for one, expected in zip(*found, strict=True):
        assert torch.allclose(one, expected, atol=1e-10)


def test_autocast_and_a_second_layer_of_the_same_network():
    torch.manual_seed(0)
    network = ConvNeXt(2, 3, 3, width=8, blocks=2)
    x = torch.randn(1, 3, 12, 10)
    with torch.autocast("cpu", torch.bfloat16):
        made = network(x, torch.zeros(1, 1))
    assert made.dtype == torch.bfloat16
    made.float().square().sum().backward()
    assert network.blocks[0].spread.weight.grad is not None
