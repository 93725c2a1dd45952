import pytest
import torch

from oneself.recipes.adaptation.blending import Blend, bands, stein_weights


def test_bands_add_up() -> None:
    x = torch.rand(2, 3, 33, 21)
    assert torch.allclose(sum(bands(x, 4)), x, atol=1e-6)
    (same,) = bands(x, 1)
    assert same is x
    flat = bands(torch.full((1, 1, 9, 9), 0.7), 3)
    assert flat[0].abs().max() < 1e-6
    assert torch.allclose(flat[2], torch.full((1, 1, 9, 9), 0.7))


def shrunk(
    y: torch.Tensor, probe: torch.Tensor, factors: tuple[float, float], shift: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """What two linear denoisers, ``y`` times a factor each, make of ``y`` and of ``y + shift * probe``."""
    both = torch.cat([y, y + shift * probe])
    return factors[0] * both, factors[1] * both


@pytest.mark.parametrize("power", [0.1, 0.3])
def test_the_weights_of_two_linear_denoisers_are_wieners(power: float) -> None:
    """Of white ``x`` the best factor is ``s² / (s² + σ²)``, which a blend of two other factors must reach."""
    torch.manual_seed(0)
    sigma, factors = 0.2, (0.0, 1.0)
    x = power * torch.randn(1, 3, 200, 200)
    y, probe = x + sigma * torch.randn_like(x), sigma * torch.randn_like(x)
    stage = Blend(y, *shrunk(y, probe, factors, 0.1), probe, 0.1, sigma, 1)
    told = stage.solve()
    wiener = power**2 / (power**2 + sigma**2)
    assert float(told["weight_0"]) == pytest.approx(wiener, abs=0.02)
    assert torch.allclose(stage.estimate(), float(told["weight_0"]) * y, atol=0.15)


def test_every_band_has_a_weight_of_its_own() -> None:
    """``x`` is smooth and ``y`` is not: of ``y`` and 0 the coarse band is taken from ``y``, the finest from 0."""
    torch.manual_seed(0)
    sigma = 0.2
    slow = torch.linspace(0, 6.28, 160).sin()
    x = (slow[:, None] * slow)[None, None]
    y, probe = x + sigma * torch.randn_like(x), sigma * torch.randn_like(x)
    base, other = shrunk(y, probe, (0.0, 1.0), 0.1)
    parts = bands(other - base, 3)
    divergence = [probe * (part[1:] - part[:1]) / 0.1 for part in parts]
    local, overall = stein_weights(y, base[:1], [part[:1] for part in parts], divergence, sigma)
    assert overall[0] < 0.1
    assert overall[2] > 0.9
    assert local.shape == (3, 20, 20)
    blended = Blend(y, base, other, probe, 0.1, sigma, 3)
    blended.solve()
    error = (blended.estimate() - x).square().mean()
    assert error < 0.1 * (y - x).square().mean()


def test_every_place_has_a_weight_of_its_own() -> None:
    """Left the one denoiser is right, on the right the other."""
    torch.manual_seed(0)
    sigma, x = 0.1, torch.rand(1, 3, 64, 256)
    y, probe = x + sigma * torch.randn_like(x), sigma * torch.randn_like(x)
    wrong = x + 0.15 * torch.randn_like(x)
    left = (torch.arange(256) < 128).expand_as(x)
    one, other = torch.where(left, x, wrong), torch.where(left, wrong, x)
    stage = Blend(y, torch.cat([one, one]), torch.cat([other, other]), probe, 0.1, sigma, 1)
    stage.solve()
    assert stage.weights[0, :, :9].mean() < 0.1
    assert stage.weights[0, :, -9:].mean() > 0.9


def test_where_both_agree_either_is_taken() -> None:
    y = torch.rand(1, 1, 17, 23)
    both = torch.cat([y, y])
    stage = Blend(y, both, both, torch.ones_like(y), 0.1, 0.1, 2)
    stage.solve()
    assert torch.allclose(stage.estimate(), y, atol=1e-6)
    assert torch.allclose(stage.weights, torch.tensor(0.5), atol=1e-5)
