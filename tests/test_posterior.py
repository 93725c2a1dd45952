"""What was measured, mixed back: against the closed form, and against either alone."""

import pytest
import torch

from oneself.posterior import posterior_mean, variance_at

SHAPES = [(1, 1, 40_000), (1, 3, 60, 50), (1, 1, 16, 16, 16)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("uncertain", [0.02, 0.1, 0.3])
def test_it_is_the_gaussian_posterior(shape: tuple[int, ...], uncertain: float) -> None:
    """Its error is that of the posterior, ``v σ² / (v + σ²)``, from nothing but ``y``, ``μ`` and ``σ``."""
    torch.manual_seed(0)
    x = torch.rand(shape)
    predicted, y = x + uncertain * torch.randn(shape), x + 0.1 * torch.randn(shape)
    made = posterior_mean(y, predicted, torch.tensor(0.01), radius=400)
    best = uncertain**2 * 0.01 / (uncertain**2 + 0.01)
    assert float((made - x).square().mean()) == pytest.approx(best, rel=0.12)


def test_it_is_by_place() -> None:
    """A prediction that is right on one side and worthless on the other is taken on one side."""
    torch.manual_seed(0)
    x, wrong = torch.rand(1, 1, 40, 80), torch.zeros(1, 1, 40, 80)
    wrong[..., 40:] = 1.0
    y = x + 0.1 * torch.randn(x.shape)
    made = posterior_mean(y, x + wrong * torch.randn(x.shape), torch.tensor(0.01))
    assert float((made - x)[..., :30].square().mean()) < 0.1 * 0.01
    assert float((made - x)[..., 50:].square().mean()) < 1.05 * 0.01


def test_the_variance_grows_with_brightness() -> None:
    x = torch.linspace(0, 1, 11).reshape(1, 1, 11)
    variance = variance_at(x, 0.02, 0.03)
    assert variance.flatten().tolist() == pytest.approx([max(2e-4, 0.02 + 0.03 * (v / 10 - 0.5)) for v in range(11)])
    assert variance_at(torch.rand(1, 3, 5, 4), 0.01, 0.0).shape == (1, 1, 5, 4)
