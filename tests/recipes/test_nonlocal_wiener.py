"""What is particular to the non-local Wiener filters: quality, levels, gains, colour, and sizes."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from skimage.data import camera
from torch import Tensor

from oneself.core import Run
from oneself.recipes.classical.groups import turned
from oneself.recipes.classical.nonlocal_wiener import nonlocal_wiener
from oneself.recipes.classical.passes import principal_axes
from oneself.recipes.self_supervised.zs_n2n import zs_n2n
from oneself.testing.pictures import noisy, picture
from oneself.testing.quality import psnr

SIGMA = 25 / 255
X = torch.from_numpy(camera()[60:156, 180:276] / 255).float()[None, None]
Y = noisy(X, SIGMA)


def solve(y: Tensor, **options: Any) -> Tensor:
    return Run(nonlocal_wiener, y, device="cpu", **options).finish().image


def test_it_is_well_above_a_network_taught_by_pairs() -> None:
    pairs = Run(zs_n2n, Y, device="cpu", sigma=SIGMA, steps=100).finish().image
    assert psnr(solve(Y, sigma=SIGMA), X) > psnr(pairs, X) + 0.5


def test_every_pass_helps() -> None:
    found = [psnr(solve(Y, sigma=SIGMA, passes=passes), X) for passes in (1, 2, 4)]
    assert found[0] + 0.5 < found[1] < found[2]


def test_the_estimated_level_is_as_good_as_the_true_one() -> None:
    result = Run(nonlocal_wiener, Y, device="cpu").finish()
    assert psnr(result.image, X) == pytest.approx(psnr(solve(Y, sigma=SIGMA), X), abs=0.15)
    assert result.notes[0].startswith("nonlocal_wiener: sigma was not given; estimated: white Gaussian noise, sigma 9.")
    assert Run(nonlocal_wiener, Y, device="cpu", sigma=SIGMA).finish().notes == ()


def test_a_level_that_is_too_high_costs_less_than_one_too_low() -> None:
    right, high, low = (psnr(solve(Y, sigma=factor * SIGMA), X) for factor in (1, 1.2, 0.8))
    assert right - 0.7 < high < right
    assert right - 4 < low < high


def test_a_level_that_is_too_low_is_told() -> None:
    (note,) = Run(nonlocal_wiener, Y, device="cpu", sigma=0.8 * SIGMA).finish().notes
    assert "sigma is given as 7.8 % of the range, the flattest parts of the picture measure 9." in note


def test_noise_that_grows_with_brightness() -> None:
    chance = np.random.default_rng(0)
    y = torch.from_numpy(chance.poisson(X.numpy() * 30) / 30).float()
    level = math.sqrt(float(X.mean()) / 30)
    assert psnr(solve(y, sigma=level, gain=1 / 30), X) > psnr(solve(y, sigma=level), X) + 0.5


def test_channels_are_turned_to_their_principal_axes() -> None:
    axes = principal_axes(torch.rand(1, 1, 20, 20) * torch.tensor([1.0, 2.0, -2.0]).reshape(1, 3, 1, 1))
    assert torch.allclose(axes @ axes.T, torch.eye(3), atol=1e-5)
    assert torch.allclose(axes[0].abs(), torch.tensor([1.0, 2.0, 2.0]) / 3, atol=1e-4)
    assert principal_axes(torch.rand(1, 1, 9)).abs().item() == pytest.approx(1)


@pytest.mark.parametrize(("channels", "size"), [(1, (61,)), (5, (19, 23)), (2, (9, 11, 10))])
def test_any_channels_and_dimensions(channels: int, size: tuple[int, ...]) -> None:
    """What does not vary is found exactly, through any noise that it is told of."""
    y = 0.5 + 0.1 * torch.randn(1, channels, *size, generator=torch.Generator().manual_seed(0))
    x = solve(y, sigma=0.1)
    assert x.shape == y.shape
    assert (x - 0.5).square().mean() < 0.3 * 0.01


def test_what_is_too_small_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"nonlocal_wiener\(y\.shape=.*at least 8 elements.*Use method='smoothing_spline'"
    ):
        solve(torch.rand(1, 1, 7, 30))
    assert solve(torch.rand(1, 1, 8, 8)).shape == (1, 1, 8, 8)


def test_left_at_any_time_it_has_a_whole_picture() -> None:
    y = noisy(picture(40, 40), 0.1)
    run = Run(nonlocal_wiener, y, device="cpu", sigma=0.1)
    before = 0.01
    for step in run:
        error = float((step.estimate - picture(40, 40)).square().mean())
        assert error < 1.01 * before
        before = error


def test_what_each_pass_is_given() -> None:
    """y and its variance; then y by an estimate; then 55 % of what is left of y beside it, and 55 % squared of that."""
    chance = torch.Generator().manual_seed(0)
    y, *estimates = torch.rand(3, 1, 2, 24, 24, generator=chance)
    walk = nonlocal_wiener(
        y, None, **nonlocal_wiener.resolve_options({"sigma": 0.1, "gain": 0.1, "patch": 4, "passes": 3, "reach": 6})
    )

    def variance(x: Tensor) -> Tensor:
        gray = (x[:, :1] + x[:, 1:]) / 2
        return (0.01 + 0.1 * (gray - gray.mean())).clamp(min=0.0001)

    stages = [next(walk)]
    stages += [walk.send(SimpleNamespace(estimate=lambda x=x: x)) for x in estimates]
    one, two = estimates
    given = [(y, None, variance(y)), (y, one, variance(one)), (two + 0.55 * (y - two), two, 0.55**2 * variance(two))]
    for stage, (noisy_one, pilot, level) in zip(stages, given, strict=True):
        assert torch.allclose(turned(stage.y, stage.turn.inverse), noisy_one, atol=1e-5)
        assert (stage.pilot is None) == (pilot is None)
        assert pilot is None or torch.allclose(turned(stage.pilot, stage.turn.inverse), pilot, atol=1e-5)
        assert torch.allclose(stage.variance, level, atol=1e-6)
    assert [stage.similar for stage in stages] == [16, 100, 100]  # no more than half of the 32 values of a patch


@pytest.mark.parametrize(
    ("size", "patch", "stride", "window"), [((400,), 49, 16, 352), ((60, 60), 7, 4, 37), ((20,) * 3, 4, 3, 11)]
)
def test_patches_have_about_as_many_elements_in_any_dimension(
    size: tuple[int, ...], patch: int, stride: int, window: int
) -> None:
    firsts = set()
    for seed in range(12):
        torch.manual_seed(seed)
        groups = next(
            nonlocal_wiener(torch.rand(1, 1, *size), None, **nonlocal_wiener.resolve_options({"sigma": 0.1}))
        ).groups
        assert groups.patch == (patch,) * len(size)
        assert (groups.windows[0], groups.grid[0][2] - groups.grid[0][1]) == (window, stride)
        firsts.add(groups.grid[0][1])
    assert len(firsts) > 2, "every pass begins elsewhere"
