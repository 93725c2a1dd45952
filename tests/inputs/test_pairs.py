"""Two half-size images of one scene."""

import itertools

import pytest
import torch

from oneself.inputs import Pairs, diagonals, split_pair

SIZES = {1: (12,), 2: (12, 10), 3: (6, 8, 4)}
POOL = {1: torch.nn.functional.avg_pool1d, 2: torch.nn.functional.avg_pool2d, 3: torch.nn.functional.avg_pool3d}


def test_the_diagonals_of_a_square_by_hand() -> None:
    x = torch.tensor([[1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 7.0, 8.5]])[None, None]
    first, second = split_pair(x)
    assert first.flatten().tolist() == [2.5, 6.75]  # (1 + 4) / 2, (5 + 8.5) / 2
    assert second.flatten().tolist() == [2.5, 6.5]  # (2 + 3) / 2, (6 + 7) / 2


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_the_weights_of_diagonals(dims: int) -> None:
    weights = diagonals(dims)
    assert weights.shape == (2, 2**dims)
    assert weights.sum(1).tolist() == [1, 1]
    assert float((weights[0] * weights[1]).sum()) == 0  # no element in both
    corners = torch.tensor(list(itertools.product((0.0, 1.0), repeat=dims)))
    centres = weights @ corners
    assert torch.allclose(centres, torch.full((2, dims), 0.5)) or dims == 1  # both see the block's middle


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_the_mean_of_the_two_is_the_mean_of_the_block(dims: int) -> None:
    x = torch.rand(2, 3, *SIZES[dims])
    first, second = split_pair(x)
    assert torch.allclose((first + second) / 2, POOL[dims](x, 2), atol=1e-6)


@pytest.mark.parametrize("dims", [2, 3])
def test_the_pair_sees_the_same_scene(dims: int) -> None:
    ramps = torch.meshgrid(*[torch.arange(float(n)) for n in SIZES[dims]], indexing="ij")
    plane = sum((axis + 1) * ramp for axis, ramp in enumerate(ramps))[None, None]
    first, second = split_pair(plane)
    assert torch.allclose(first, second)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_noise_is_independent_and_the_mean_takes_its_share(dims: int) -> None:
    torch.manual_seed(0)
    side = {1: 40000, 2: 200, 3: 36}[dims]
    first, second = split_pair(torch.randn(1, 1, *[side] * dims))
    expected = 2 ** (1 - dims)
    samples = first.numel()
    assert float(first.var()) == pytest.approx(expected, rel=5 * (2 / samples) ** 0.5)
    together = torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1]
    assert abs(together) < 4 * samples**-0.5


def test_given_weights_pick_single_elements() -> None:
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    weights = torch.eye(4)[[1, 2]]
    first, second = split_pair(x, weights)
    assert torch.equal(first, x[..., ::2, 1::2])
    assert torch.equal(second, x[..., 1::2, ::2])


@pytest.mark.parametrize("size", [(13,), (7, 12), (5, 7, 9)])
def test_patches_of_odd_sizes_are_even_and_come_from_everywhere(size: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    y = torch.arange(float(torch.tensor(size).prod())).reshape(1, 1, *size)
    pairs = Pairs(y, patch=4, patches=3)
    seen: set[float] = set()
    for _ in range(300):
        (patches, weights), target, where = pairs()
        assert patches.shape == (3, 1, *[4] * len(size))
        assert patches is target
        assert where is None
        assert torch.equal(weights, diagonals(len(size)))
        for patch in patches:
            steps = [patch.diff(dim=1 + axis).unique() for axis in range(len(size))]
            strides = [float(n) for n in y.stride()[2:]]
            assert [step.tolist() for step in steps] == [[stride] for stride in strides]  # a contiguous part
            seen |= set(patch.flatten().tolist())
    assert len(seen) == y.numel()


@pytest.mark.parametrize(("size", "side"), [((13, 8), [12, 8]), ((12, 9), [12, 8])])
def test_the_whole_image_loses_a_random_row_where_odd(size: tuple[int, ...], side: list[int]) -> None:
    torch.manual_seed(0)
    y = torch.arange(float(size[0] * size[1])).reshape(1, 1, *size)
    pairs = Pairs(y, patch=None, patches=5)
    firsts = {float(pairs().target[0, 0, 0, 0]) for _ in range(40)}
    assert list(pairs().target.shape) == [1, 1, *side]
    assert firsts == {0.0, float(y.stride()[2 if size[0] % 2 else 3])}


def test_a_share_of_the_pairs_is_of_single_elements() -> None:
    torch.manual_seed(0)
    pairs = Pairs(torch.rand(1, 1, 8, 8), patch=4, patches=1, single=0.25)
    weights = [pairs().input[1] for _ in range(800)]
    single = [w for w in weights if not torch.equal(w, diagonals(2))]
    assert len(single) / 800 == pytest.approx(0.25, abs=0.06)
    picked = {tuple(w.argmax(1).tolist()) for w in single}
    assert picked == {(a, b) for a in range(4) for b in range(4) if a != b}
    assert all(w.sum(1).tolist() == [1, 1] and float(w.max()) == 1 for w in single)
    always = Pairs(torch.rand(1, 1, 8, 8), patch=4, patches=1, single=1.0)
    assert not any(torch.equal(always().input[1], diagonals(2)) for _ in range(20))


def test_a_clean_look_is_the_whole_image() -> None:
    y = torch.rand(1, 2, 7, 9)
    (given, weights), target, _ = Pairs(y, patch=4, patches=3, single=1.0).evaluation_example()
    assert torch.equal(given, y)
    assert torch.equal(target, y)
    assert torch.equal(weights, diagonals(2))
