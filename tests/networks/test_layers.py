"""Convolutions at borders, against torch's own on images padded by numpy."""

import numpy as np
import pytest
import torch
from torch import Tensor

from oneself.imaging.cropping import reflected
from oneself.networks.layers import Convolution, normalisation, resize_to

SIZES = {1: (11,), 2: (11, 7), 3: (5, 7, 4)}
PLAIN = {1: torch.nn.functional.conv1d, 2: torch.nn.functional.conv2d, 3: torch.nn.functional.conv3d}


def padded(x: Tensor, margin: int, mode: str) -> Tensor:
    widths = [(0, 0), (0, 0), *[(margin, margin)] * (x.ndim - 2)]
    return torch.from_numpy(np.pad(x.numpy(), widths, mode=mode))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(("border", "mode"), [("reflect", "reflect"), ("zeros", "constant"), ("valid", None)])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (1, 1)])
def test_borders(dims: int, border: str, mode: str | None, kernel: int, stride: int) -> None:
    torch.manual_seed(0)
    x = torch.rand(2, 3, *(n + 2 for n in SIZES[dims]))
    layer = Convolution(dims, 3, 4, kernel, stride, border=border)
    wide = padded(x, kernel // 2, mode) if mode else x
    expected = PLAIN[dims](wide, layer.convolution.weight, layer.convolution.bias, stride=stride)
    made = layer(x)
    assert torch.allclose(made, expected, atol=1e-5)
    if border == "valid":
        assert made.shape[2:] == tuple((n - kernel) // stride + 1 for n in x.shape[2:])
    else:
        assert made.shape[2:] == tuple(-(-n // stride) for n in x.shape[2:])


def test_dimensions_too_short_to_be_reflected_are_repeated() -> None:
    x = torch.rand(1, 1, 2, 6)
    assert torch.equal(reflected(x, 2), padded(x, 2, "edge"))
    assert torch.equal(reflected(x, 1), padded(x, 1, "reflect"))
    assert reflected(x, 0) is x
    assert torch.equal(reflected(torch.rand(1, 1, 1), 3).std(), torch.zeros(()))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_normalisation_keeps_no_running_statistics(dims: int) -> None:
    layer = normalisation(dims, 2)
    x = 3 + 5 * torch.rand(1, 2, *SIZES[dims])
    axes = [0, *range(2, x.ndim)]
    for mode in (True, False):
        made = layer.train(mode)(x)
        assert torch.allclose(made.mean(axes), torch.zeros(2), atol=1e-5)
        assert torch.allclose(made.var(axes, unbiased=False), torch.ones(2), atol=1e-3)
    assert list(layer.buffers()) == []


def test_resizing_to_a_size() -> None:
    x = torch.tensor([[[0.0, 4.0]]])
    assert resize_to(x, (4,)).flatten().tolist() == [0, 1, 3, 4]
    assert resize_to(x, (4,), smooth=False).flatten().tolist() == [0, 0, 4, 4]
    assert resize_to(x, x.shape[2:]) is x
    for size in ((3, 5), (2, 3, 5)):
        assert resize_to(torch.ones(1, 1, *[2] * len(size)), size).shape[2:] == size
