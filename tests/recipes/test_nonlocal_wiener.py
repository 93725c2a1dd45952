"""What is particular to the non-local Wiener filters: quality, levels, gains, colour, and sizes."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from skimage.data import camera
from torch import Tensor

from oneself.core import Run
from oneself.recipes.nonlocal_wiener import nonlocal_wiener, principal_axes
from oneself.recipes.zs_n2n import zs_n2n
from oneself.testing.pictures import noisy, picture
from oneself.testing.quality import psnr

SIGMA = 25 / 255
X = torch.from_numpy(camera()[60:156, 180:276] / 255).float()[None, None]
Y = noisy(X, SIGMA)


def solve(y: Tensor, **options: Any) -> Tensor:
    return Run(nonlocal_wiener, y, device="cpu", **options).finish().image


def test_it_is_well_above_a_network_taught_by_pairs() -> None:
    pairs = Run(zs_n2n, Y, device="cpu", sigma=SIGMA, steps=300).finish().image
    assert psnr(solve(Y, sigma=SIGMA), X) > psnr(pairs, X) + 0.5


def test_every_pass_helps() -> None:
    found = [psnr(solve(Y, sigma=SIGMA, passes=passes), X) for passes in (1, 2, 4)]
    assert found[0] + 0.5 < found[1] < found[2]


def test_the_estimated_level_is_as_good_as_the_true_one() -> None:
    result = Run(nonlocal_wiener, Y, device="cpu").finish()
    assert psnr(result.image, X) == pytest.approx(psnr(solve(Y, sigma=SIGMA), X), abs=0.15)
    assert result.notes[0].startswith("nonlocal_wiener: sigma was not given; estimated: white Gaussian noise, sigma 2")
    assert Run(nonlocal_wiener, Y, device="cpu", sigma=SIGMA).finish().notes == ()


def test_a_level_that_is_too_high_costs_less_than_one_too_low() -> None:
    right, high, low = (psnr(solve(Y, sigma=factor * SIGMA), X) for factor in (1, 1.2, 0.8))
    assert right - 0.7 < high < right
    assert right - 4 < low < high


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
    with pytest.raises(ValueError, match=r"nonlocal_wiener\(y\.shape=.*at least 8 elements.*Use method='dip'"):
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
