"""The blind network is blind, and sees everything else near by."""

import pytest
import torch

from oneself.networks import BlindNetwork

SIZES = [(25,), (19, 18), (9, 10, 11)]


def network(dims: int, channels: int, shared: bool) -> BlindNetwork:
    torch.manual_seed(0)
    made = BlindNetwork(dims, channels, width=6, layers=2, shared=shared)
    for parameter in made.parameters():
        parameter.data.normal_(std=0.3)  # also the last ones, which begin at zero
    return made


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shared", [False, True])
def test_no_output_depends_on_the_input_of_its_own_place(size: tuple[int, ...], shared: bool) -> None:
    """Its gradient there is exactly zero, at corners too; with respect to the other channels only where told so."""
    y = torch.rand(1, 2, *size, requires_grad=True)
    x = network(len(size), 2, shared)(y)
    middle = tuple(n // 2 for n in size)
    for place in (middle, tuple(0 for _ in size), tuple(n - 1 for n in size), (1, *middle[1:])):
        for channel in (0, 1):
            (slope,) = torch.autograd.grad(x[(0, channel, *place)], y, retain_graph=True)
            assert float(slope[(0, channel, *place)]) == 0
            assert (float(slope[(0, 1 - channel, *place)]) == 0) == shared


def test_all_within_the_first_convolution_and_nothing_beyond_its_reach_is_seen() -> None:
    made, y = network(2, 1, False), torch.rand(1, 1, 41, 41, requires_grad=True)
    assert made.reach == 11
    (slope,) = torch.autograd.grad(made(y)[0, 0, 20, 20], y)
    seen = slope[0, 0] != 0
    near = seen[17:24, 17:24].clone()
    assert not near[3, 3]
    near[3, 3] = True
    assert near.all()
    beyond = seen.clone()
    beyond[9:32, 9:32] = False
    assert not beyond.any()
    assert seen[9].any()
    assert {tuple(p) for p in (~seen[13:28, 13:28]).nonzero().tolist()} == {
        (a, b) for a in (3, 7, 11) for b in (3, 7, 11)
    }


@torch.no_grad()
def test_it_begins_as_the_mean_of_the_neighbours() -> None:
    y = torch.rand(1, 1, 5, 5)
    made = BlindNetwork(2, 1, width=4, layers=1, shared=False)(y)[0, 0]
    assert float(made[2, 2]) == pytest.approx(float((y[0, 0, 1:4, 1:4].sum() - y[0, 0, 2, 2]) / 8))
    assert float(made[0, 0]) == pytest.approx(float((y[0, 0, :2, :2].sum() - y[0, 0, 0, 0]) / 3))


@torch.no_grad()
def test_a_channel_is_told_from_another() -> None:
    """What is alike in all channels is not answered alike."""
    y = torch.rand(1, 1, 12, 12).expand(1, 3, 12, 12)
    x = network(2, 3, False)(y)
    assert float((x[:, 0] - x[:, 1]).abs().max()) > 1e-3
