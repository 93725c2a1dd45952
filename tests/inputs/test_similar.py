"""Groups of similar patches: found as by looking at every one, and laid back where they came from."""

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from oneself.imaging.cropping import cut
from oneself.inputs import SimilarPatches

CPU = torch.device("cpu")


def groups(size: tuple[int, ...], **chosen: Any) -> SimilarPatches:
    settings = {"patch": 3, "reach": 3, "stride": 2, "start": [1] * len(size), "side": 3}
    return SimilarPatches(size, **{**settings, **chosen})


def every(made: SimilarPatches, x: Tensor) -> dict[tuple[int, ...], Tensor]:
    """Each reference's place, and the distances of all patches within reach of it, looked at one by one."""
    found = {}
    for place in itertools.product(*made.grid):
        own = cut(x, [slice(p, p + made.patch[0]) for p in place])
        ranges = []
        for p, window, n in zip(place, made.windows, made.size, strict=True):
            first = min(max(p - window // 2, 0), n - made.patch[0] + 1 - window)
            ranges.append(range(first, first + window))
        others = [cut(x, [slice(q, q + made.patch[0]) for q in other]) for other in itertools.product(*ranges)]
        found[place] = torch.stack([(own - other).square().sum() for other in others])
    return found


@pytest.mark.parametrize("size", [(29,), (13, 17), (7, 8, 6)])
def test_the_nearest_are_found(size: tuple[int, ...]) -> None:
    x = torch.rand(1, 2, *size)
    made, count = groups(size), 4
    seen: list[Tensor] = []
    for number in range(len(made)):
        region = made.region(number, CPU)
        members = made.match(x, region, count)
        patches = made.cut_out(x, region).flatten(1)
        assert len(patches) == made.count(region)
        assert (members == region.references[:, None]).any(1).all()
        own = patches[region.references][:, None]
        seen += list((own - patches[members]).square().sum(2).sort(1).values)
        assert all(len(set(group.tolist())) == count for group in members)
    expected = every(made, x)
    assert len(seen) == len(expected)
    blocks = [place for block in made.blocks for place in itertools.product(*block)]
    for distances, place in zip(seen, blocks, strict=True):
        assert torch.allclose(distances, expected[place].sort().values[:count], atol=1e-4)


@pytest.mark.parametrize("size", [(29,), (13, 17), (7, 8, 6)])
def test_what_is_cut_out_is_laid_back(size: tuple[int, ...]) -> None:
    """Every patch once: each element as often as patches of the regions hold it."""
    x = torch.rand(1, 2, *size)
    made = groups(size)
    total, times = torch.zeros_like(x), torch.zeros_like(x)
    for number in range(len(made)):
        region = made.region(number, CPU)
        patches = made.cut_out(x, region)
        made.lay_back(total, patches, region)
        made.lay_back(times, torch.ones_like(patches), region)
    assert (times > 0).all()
    assert torch.allclose(total / times, x, atol=1e-5)


def test_references_cover_the_image_from_any_start() -> None:
    for start in range(4):
        made = groups((23, 9), start=[start, 0], stride=4)
        for grid, n in zip(made.grid, made.size, strict=True):
            assert grid[0] == 0
            assert grid[-1] == n - made.patch[0]
            assert max(b - a for a, b in itertools.pairwise(grid)) <= 4


def test_a_window_larger_than_the_image_is_the_image() -> None:
    made = groups((9, 11), reach=50)
    assert made.candidates == 7 * 9
    assert len(made.region(0, CPU).offsets) == 63


def test_a_patch_is_most_like_itself_where_all_are_alike() -> None:
    made = groups((9, 10))
    for number in range(len(made)):
        region = made.region(number, CPU)
        assert torch.equal(made.match(torch.ones(1, 1, 9, 10), region, 1)[:, 0], region.references)


def test_references_and_windows_are_where_they_are_said_to_be() -> None:
    made = groups((11, 20), stride=4, start=[1, 2], reach=2)
    assert made.grid == [[0, 1, 5, 8], [0, 2, 6, 10, 14, 17]]
    assert made.windows == [5, 5]
    assert groups((11, 20), reach=4).windows == [9, 9]
