"""What was measured, mixed back: against the closed form, and against either alone."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter

from oneself.recipes.posterior import posterior_by_place, posterior_mean, variance_at

SHAPES = [(1, 1, 4000), (1, 3, 60, 50), (1, 2, 24, 30), (1, 1, 16, 16, 16)]
SIGMA = 0.1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("uncertain", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("posterior", [posterior_by_place, posterior_mean])
def test_it_is_about_the_gaussian_posterior(
    posterior: Callable[..., torch.Tensor], shape: tuple[int, ...], uncertain: float
) -> None:
    """Its error is near that of the posterior, ``v σ² / (v + σ²)``, from nothing but ``y``, ``μ`` and ``σ``."""
    torch.manual_seed(0)
    x = torch.rand(shape)
    predicted, y = x + uncertain * torch.randn(shape), x + SIGMA * torch.randn(shape)
    made = posterior(y, predicted, torch.tensor(SIGMA**2))
    best = uncertain**2 * SIGMA**2 / (uncertain**2 + SIGMA**2)
    assert 0.9 * best < float((made - x).square().mean()) < 1.4 * best


@pytest.mark.parametrize("posterior", [posterior_by_place, posterior_mean])
def test_it_is_by_place(posterior: Callable[..., torch.Tensor]) -> None:
    """A prediction that is right on one side and worthless on the other is taken on one side."""
    torch.manual_seed(0)
    x, wrong = torch.rand(1, 1, 40, 80), torch.zeros(1, 1, 40, 80)
    wrong[..., 40:] = 1.0
    y = x + SIGMA * torch.randn(x.shape)
    made = posterior(y, x + wrong * torch.randn(x.shape), torch.tensor(SIGMA**2))
    assert float((made - x)[..., :30].square().mean()) < 0.15 * SIGMA**2
    assert float((made - x)[..., 50:].square().mean()) < 1.05 * SIGMA**2


def test_noise_that_neighbours_share_is_told_by_its_frequencies() -> None:
    """Near the error of Wiener's filter, the mean of ``v s / (v + s)`` over the noise's powers ``s``."""
    chance = np.random.default_rng(0)
    noise = gaussian_filter(chance.normal(size=(96, 96)), 0.8, mode="wrap")
    noise *= SIGMA / noise.std()
    blocks = noise.reshape(12, 8, 12, 8).swapaxes(1, 2)
    shape = (dctn(blocks, axes=(2, 3), norm="ortho") ** 2).mean((0, 1))
    torch.manual_seed(0)
    x = torch.rand(1, 1, 96, 96)
    predicted, y = x + SIGMA * torch.randn(x.shape), x + torch.from_numpy(noise).float()
    made, plain = (
        float((posterior_mean(y, predicted, torch.tensor(SIGMA**2), s) - x).square().mean())
        for s in (torch.from_numpy(shape), None)
    )
    best = float((SIGMA**2 * shape / (SIGMA**2 + shape)).mean())
    assert 0.9 * best < made < 1.35 * best
    assert made < 0.85 * plain


@pytest.mark.parametrize("shape", [(1, 1, 170), (1, 2, 110, 41), (1, 1, 60, 18, 17)])
def test_tiles_leave_no_seams(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    y, predicted, variance = torch.rand(shape), torch.rand(shape), torch.tensor(SIGMA**2)
    whole, tiled = (posterior_mean(y, predicted, variance, tile=tile) for tile in (256, 16))
    assert torch.allclose(whole, tiled, atol=1e-5)


def test_the_variance_grows_with_brightness() -> None:
    x = torch.linspace(0, 1, 11).reshape(1, 1, 11)
    variance = variance_at(x, 0.02, 0.03)
    assert variance.flatten().tolist() == pytest.approx([max(2e-4, 0.02 + 0.03 * (v / 10 - 0.5)) for v in range(11)])
    assert variance_at(torch.rand(1, 3, 5, 4), 0.01, 0.0).shape == (1, 1, 5, 4)
