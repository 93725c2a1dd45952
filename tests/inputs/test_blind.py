"""The blind spot is blind, and masks are drawn as they say."""

from typing import Any

import pytest
import torch
from torch import Tensor

from oneself.core import Example, Input
from oneself.inputs import BlindGrid, BlindSpots, disc, line, some_of
from oneself.networks import UNet

SIZES = [(20,), (16, 18), (8, 9, 10)]


def spots(y: Tensor, **options: Any) -> BlindSpots:
    dims = y.ndim - 2
    settings = {"share": 0.1, "hidden": [(0,) * dims], "shared": False} | options
    return BlindSpots(y, "mean", 2, 16, 2, some_of(y, 0.05, bool(settings["shared"])), **settings)


def grid(y: Tensor, **options: Any) -> BlindGrid:
    return BlindGrid(y, "mean", 1, 16, 2, **({"width": 3, "shared": False} | options))


def example_of(masks: Input, y: Tensor) -> tuple[Example, Tensor]:
    """The held-out example as a function of the measurement."""
    measured = y.clone().requires_grad_()
    masks.y = measured
    return masks.held_out(), measured


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("make", [spots, grid])
@pytest.mark.parametrize("shared", [False, True])
def test_what_is_asked_for_is_never_seen(make: Any, size: tuple[int, ...], shared: bool) -> None:
    """The gradient of an output element with respect to its own input is exactly zero where it is asked for; with
    respect to the same place in other channels it is so only where the mask is shared."""
    torch.manual_seed(0)
    y = torch.rand(1, 2, *size)
    masks = make(y, shared=shared)
    (shown,), _, where = (example := example_of(masks, y))[0]
    measured = example[1]
    network = UNet(len(size), 2, 2, size, width=8, levels=1)
    asked = where[0] > 0
    made = network(shown)[0]
    found, crossed = [], []
    for place in asked.nonzero()[:12]:
        (slope,) = torch.autograd.grad(made[tuple(place)], measured, retain_graph=True)
        found.append(float(slope[(0, *place)]))
        crossed.append(float(slope[(0, 1 - place[0], *place[1:])].abs()))
        assert float((slope != 0).float().mean()) > 0
    assert found
    assert not any(found)
    assert any(crossed) != shared


def test_a_disc_hides_what_shares_noise() -> None:
    torch.manual_seed(0)
    y = torch.rand(1, 1, 24, 24)
    offsets = disc([3, 3])
    example, measured = example_of(spots(y, hidden=offsets), y)
    made = UNet(2, 1, 1, (24, 24), width=8, levels=1)(*example.input)[0, 0]
    for row, column in example.where[0, 0].nonzero()[:6].tolist():
        (slope,) = torch.autograd.grad(made[row, column], measured, retain_graph=True)
        for down, right in offsets:
            if 0 <= row + down < 24 and 0 <= column + right < 24:
                assert float(slope[0, 0, row + down, column + right]) == 0


@pytest.mark.parametrize("shared", [False, True])
def test_spots_are_drawn_uniformly_and_by_channel_as_said(shared: bool) -> None:
    torch.manual_seed(0)
    y = torch.rand(1, 2, 12, 12)
    masks = spots(y, share=0.2, shared=shared)
    drawn = torch.cat([masks.spots([[slice(0, 12)] * 2] * 8)[0] for _ in range(100)])
    rate, error = drawn.mean(0), (0.2 * 0.8 / 800) ** 0.5
    assert float(rate.mean()) == pytest.approx(0.2, abs=4 * error / 144**0.5)
    assert float((rate - 0.2).abs().max()) < 4.5 * error
    both = float((drawn[:, 0] * drawn[:, 1]).mean())
    assert both == pytest.approx(0.2 if shared else 0.04, abs=0.01)
    neighbours = float((drawn[..., 1:] * drawn[..., :-1]).mean())
    assert neighbours == pytest.approx(0.04, abs=0.005)


@pytest.mark.parametrize(("size", "width", "count"), [((10,), 4, 4), ((9, 10), 3, 9), ((2, 8, 8), 3, 18)])
@pytest.mark.parametrize("shared", [False, True])
def test_the_phases_of_a_grid_cover_everything_once(
    size: tuple[int, ...], width: int, count: int, shared: bool
) -> None:
    y = torch.rand(1, 3, *size)
    masks = grid(y, width=width, shared=shared)
    hidden = torch.stack([where.float() for _, where in masks.hiding()])
    assert len(hidden) == masks.count == count
    assert torch.equal(hidden.sum(0), torch.ones_like(y))
    alike = bool((hidden[:, :, 0] == hidden[:, :, 1]).all())
    assert alike == shared


def test_what_is_held_out_is_never_asked_for() -> None:
    torch.manual_seed(0)
    y = torch.rand(1, 1, 16, 16) + torch.arange(256.0).reshape(1, 1, 16, 16)  # every element is told by its value
    for masks in (spots(y, share=0.4), grid(y)):
        held = set(y[masks.held > 0].tolist())
        asked = set()
        for _ in range(40):
            _, target, where = masks()
            asked |= set(target[where > 0].tolist())
        assert held
        assert not held & asked
        assert len(asked) > 0.9 * (256 - len(held))
        told = masks.held_out()
        assert set(told.target[told.where > 0].tolist()) == held


def test_a_share_of_the_elements_at_least_one() -> None:
    assert float(some_of(torch.rand(1, 2, 10, 10), 0.1).sum()) == 20
    assert float(some_of(torch.rand(1, 2, 10, 10), 0.1, shared=True).sum()) == 20
    assert float(some_of(torch.rand(1, 1, 4), 0.01).sum()) == 1


def test_a_line_is_hidden_around_what_is_asked_for() -> None:
    torch.manual_seed(0)
    masks = spots(torch.rand(1, 1, 16, 16), hidden=line(2, 1, 2), share=0.02)
    asked, hidden = masks.spots([[slice(0, 16)] * 2] * 20)
    wide = torch.zeros_like(asked)
    for shift in range(-2, 3):
        moved = asked.roll(shift, -1)
        if shift:
            moved[..., :shift] = 0 if shift > 0 else moved[..., :shift]
            if shift < 0:
                moved[..., shift:] = 0
        wide = torch.maximum(wide, moved)
    assert torch.equal(hidden, wide)


@pytest.mark.parametrize("make", [spots, grid])
def test_every_place_is_asked_for_and_all_parts_are_flipped_alike(make: Any) -> None:
    torch.manual_seed(0)
    y = torch.arange(48.0).reshape(1, 1, 6, 8)
    masks = make(y, **({"share": 0.4} if make is spots else {}))
    masks.sides, masks.patches = [4, 4], 3
    asked, turned, differ = set(), False, False
    for _ in range(150):
        _, target, where = masks()
        assert make is spots or where.flatten(1).any(1).all(), "a patch that asks for nothing"
        rows, columns = target.diff(dim=2), target.diff(dim=3)
        assert {float(v) for v in rows.unique()} <= {8.0, -8.0}
        turned |= bool((rows < 0).any()) != bool((columns < 0).any())
        asked |= set(target[where > 0].tolist())
        differ |= not torch.equal(where[0], where[1])
    assert asked == set(y[masks.held == 0].tolist())
    assert turned
    assert differ


def test_what_is_shown_differs_only_where_it_is_hidden() -> None:
    torch.manual_seed(0)
    y = torch.rand(1, 1, 8, 8)
    masks = BlindSpots(y, "mean", 2, 6, 2, torch.zeros_like(y), share=0.2, hidden=[(0, 0)], shared=False)
    for _ in range(20):
        (shown,), target, where = masks()
        assert torch.equal(shown[where == 0], target[where == 0])
        assert (shown != target)[where > 0].all()


def test_what_is_judged_is_in_the_middle_and_all_of_it_where_nothing_is_held_there() -> None:
    y, held = torch.arange(70_000.0)[None, None], torch.zeros(1, 1, 70_000)
    held[..., 0] = 1
    masks = BlindSpots(y, "mean", 2, 16, 2, held, share=0.1, hidden=[(0,)], shared=False)
    _, target, where = masks.held_out()
    assert (float(target[0, 0, 0]), target.shape[2]) == (2232, 65_536)
    assert where.all()
    held[..., 40_000] = 1
    masks = BlindSpots(y, "mean", 2, 16, 2, held, share=0.1, hidden=[(0,)], shared=False)
    _, target, where = masks.held_out()
    assert target[where > 0].tolist() == [40_000]
