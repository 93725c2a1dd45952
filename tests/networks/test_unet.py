"""The U-net: any size, no farther than its reach, no seams between tiles."""

import pytest
import torch

from oneself.networks import UNet, apply_in_tiles, mean_of_views
from oneself.operators.alignment import turns


@pytest.mark.parametrize("size", [(1,), (3,), (17,), (1, 9), (13, 29), (5, 7, 11)])
def test_it_keeps_any_size(size: tuple[int, ...]) -> None:
    network = UNet(len(size), 2, 3, size, width=4, levels=3)
    assert network(torch.rand(2, 2, *size)).shape == (2, 3, *size)
    assert len(network.down) <= max(0, (min(size) // 2).bit_length() - 1)


@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_it_sees_no_farther_than_its_reach(levels: int) -> None:
    torch.manual_seed(0)
    network = UNet(1, 1, 1, (256,), width=8, levels=levels)
    assert network.grid == 2**levels
    assert network.reach % network.grid == 0
    x = torch.rand(1, 1, 256, requires_grad=True)
    for place in range(120, 120 + network.grid):
        (slope,) = torch.autograd.grad(network(x)[0, 0, place], x)
        seen = slope[0, 0].nonzero().flatten() - place
        assert int(seen.abs().max()) <= network.reach
        assert int(seen.abs().max()) >= network.reach / 3


@pytest.mark.parametrize("size", [(150,), (131, 97)])
def test_tiles_leave_no_seams(size: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    network = UNet(len(size), 1, 1, size, width=4, levels=2)
    x = torch.rand(1, 1, *size)
    with torch.no_grad():
        tiled = apply_in_tiles(network, x, reach=network.reach, tile=network.whole(35))
        assert network.whole(35) == 32
        assert torch.allclose(tiled, network(x), atol=1e-5)


@torch.no_grad()
def test_the_mean_of_views_treats_them_alike() -> None:
    network = UNet(2, 1, 1, (16, 16), width=4, levels=2)
    x, views = torch.rand(1, 1, 16, 16), turns([1.0, 1.0])
    mean = mean_of_views(network, x, views, reach=32, tile=64)
    assert torch.allclose(mean_of_views(network, x.flip(2), views, reach=32, tile=64), mean.flip(2), atol=1e-5)
    assert torch.allclose(mean_of_views(network, x, views[:1], reach=32, tile=64), network(x))
