"""What stands in for hidden elements: visible neighbours, and nothing else."""

import itertools

import pytest
import torch

from oneself.inputs import disc, line, stand_in

KINDS = ("uniform", "median", "mean")
SIZES = [(12,), (9, 11), (5, 6, 7), (2, 9)]  # of the last, one axis is shorter than the reach


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_hidden_elements_have_no_influence(kind: str, size: tuple[int, ...]) -> None:
    y = torch.rand(2, 3, *size)
    visible = (torch.rand_like(y) > 0.4).float()
    torch.manual_seed(0)
    made = stand_in(y, visible, kind, 2)
    torch.manual_seed(0)
    changed = stand_in(torch.where(visible > 0, y, 99.0), visible, kind, 2)
    assert torch.equal(made, changed)
    assert float(made.max()) < 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_element_does_not_stand_in_for_itself(kind: str) -> None:
    y = torch.zeros(1, 1, 7, 7)
    y[0, 0, 3, 3] = 1
    made = stand_in(y, torch.ones_like(y), kind, 1)
    assert float(made[0, 0, 3, 3]) == 0


def test_the_median_and_the_mean_are_those_of_the_neighbours() -> None:
    y = torch.rand(1, 1, 6, 8)
    visible = torch.ones_like(y)
    visible[0, 0, 2, 3] = 0
    near = [(d, e) for d, e in itertools.product((-1, 0, 1), repeat=2) if (d, e) != (0, 0) and (3 + d, 3 + e) != (2, 3)]
    values = torch.tensor([y[0, 0, 3 + d, 3 + e] for d, e in near])
    weights = torch.tensor([0.5 ** (abs(d) + abs(e)) for d, e in near])
    assert len(values) == 7
    assert float(stand_in(y, visible, "median", 1)[0, 0, 3, 3]) == pytest.approx(float(values.median()))
    mean = float((values * weights).sum() / weights.sum())
    assert float(stand_in(y, visible, "mean", 1)[0, 0, 3, 3]) == pytest.approx(mean, rel=1e-5)
    even = torch.tensor([y[0, 0, 0, 1], y[0, 0, 1, 0], y[0, 0, 1, 1]])  # a corner has three neighbours
    assert float(stand_in(y, torch.ones_like(y), "median", 1)[0, 0, 0, 0]) == pytest.approx(float(even.median()))
    edge = torch.stack([y[0, 0, 0, 0], y[0, 0, 0, 2], *y[0, 0, 1, :3]]).sort().values
    visible = torch.ones_like(y)
    visible[0, 0, 1, 1] = 0
    four = edge[[i for i in range(5) if float(edge[i]) != float(y[0, 0, 1, 1])]]
    assert float(stand_in(y, visible, "median", 1)[0, 0, 0, 1]) == pytest.approx(float(four[1:3].mean()))


def test_every_visible_neighbour_is_drawn_as_often() -> None:
    y = torch.arange(25.0).reshape(1, 1, 5, 5)
    visible = torch.ones_like(y)
    visible[0, 0, 1, 1] = 0
    torch.manual_seed(0)
    many = [x.expand(460, -1, -1, -1) for x in (y, visible)]
    drawn = torch.cat([stand_in(*many, "uniform", 2)[:, 0, 2, 2] for _ in range(10)]).long()
    counts = torch.bincount(drawn, minlength=25)
    assert counts[6] == counts[12] == 0
    rest = counts[[i for i in range(25) if i not in (6, 12)]].double()
    expected = 4600 / 23
    assert float(((rest - expected) ** 2 / expected).sum()) < 48  # chi squared of 22 degrees: 0.1 % lie above


def test_where_none_is_visible_the_channel_tells() -> None:
    y = torch.rand(1, 2, 9, 9)
    visible = torch.zeros_like(y)
    visible[..., 0] = 1
    for kind in KINDS:
        made = stand_in(y, visible, kind, 1)[0, :, 4, 6]
        assert torch.allclose(made, y[0, :, :, 0].mean(-1), atol=1e-6)


def test_discs_and_lines() -> None:
    assert disc([1, 1]) == [(0, 0)]
    assert disc([1, 3]) == [(0, d) for d in range(-2, 3)]
    assert len(disc([2, 2])) == 9
    assert set(disc([3, 3])) == {(a, b) for a, b in itertools.product(range(-2, 3), repeat=2) if a * a + b * b < 9}
    assert line(2, 1, 2) == [(0, d) for d in range(-2, 3)]
    assert line(3, 0, 1) == [(-1, 0, 0), (0, 0, 0), (1, 0, 0)]
