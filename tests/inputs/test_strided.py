"""Taking an image apart and putting it together."""

import pytest
import torch

from oneself.inputs import put_together, taken_apart


@pytest.mark.parametrize("size", [(23,), (17, 24), (9, 10, 12)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("margin", [0, 2])
def test_it_comes_back_whole(size, stride, margin):
    y = torch.rand(1, 2, *size, generator=torch.Generator().manual_seed(0))
    apart = taken_apart(y, stride, margin)
    assert torch.equal(put_together(apart, stride, margin, size), y)


def test_neighbours_are_a_stride_apart():
    y = torch.arange(12.0).reshape(1, 1, 12)
    expected = torch.tensor([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11.0])
    assert torch.equal(taken_apart(y, 3, 0).flatten(), expected)
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    rows = torch.tensor([[0, 2, 1, 3], [8, 10, 9, 11], [4, 6, 5, 7], [12, 14, 13, 15.0]])
    assert torch.equal(taken_apart(image, 2, 0)[0, 0], rows)


def test_copies_have_reflected_borders():
    y = torch.arange(8.0).reshape(1, 1, 8)
    expected = torch.tensor([2, 0, 2, 4, 6, 4, 3, 1, 3, 5, 7, 5.0])
    assert torch.equal(taken_apart(y, 2, 1).flatten(), expected)


def test_correlated_noise_becomes_white():
    noise = torch.randn(1, 1, 4001, generator=torch.Generator().manual_seed(0))
    noise = noise[..., :-1] + noise[..., 1:]

    def correlation(x):
        return float((x[..., 1:] * x[..., :-1]).mean() / x.square().mean())

    assert correlation(noise) == pytest.approx(0.5, abs=0.05)
    assert correlation(taken_apart(noise, 2, 0)) == pytest.approx(0, abs=0.05)
