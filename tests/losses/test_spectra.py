"""Spectra: white noise is flat, and folding a spectrum is what shrinking a picture does to it."""

import pytest
import torch

from oneself.core import Example
from oneself.losses.spectra import SameSpectrum, power_spectrum
from oneself.operators import Downsample
from oneself.operators.kernels import gaussian_kernel

NOTHING = Example((), torch.zeros(()))


def noise(side):
    return torch.randn(1, 1, side, side, generator=torch.Generator().manual_seed(0))


def test_white_noise_is_flat():
    power = power_spectrum(0.1 * noise(256), 16)
    assert power.shape == (16, 16)
    ring = power[3:-2, 3:-2]
    assert float(ring.mean()) == pytest.approx(0.01, rel=0.05)
    assert float(ring.std()) < 0.15 * float(ring.mean())


def test_folding_a_spectrum_is_shrinking_the_picture():
    kernel, x = gaussian_kernel(9, 0.8), noise(512)
    term = SameSpectrum(x, 2, 16)
    folded = (torch.fft.fft2(kernel, (32, 32)).abs().square() * term.large).reshape(2, 16, 2, 16).mean((0, 2))
    found = power_spectrum(Downsample(2, kernel).A(x), 16)
    assert float((folded / found).log().abs()[2:-1, 2:-1].mean()) < 0.1


def test_it_is_least_for_the_kernel_that_leads_from_one_size_to_the_next():
    """A scene whose spectrum falls with the square of the frequency looks alike at every scale: 1.4 √(1 − 1/4)."""
    frequency = torch.fft.fftfreq(512)
    radius = (frequency[:, None].square() + frequency.square()).sqrt().clamp(min=1 / 512)
    scene = torch.fft.ifft2(torch.fft.fft2(noise(512)) / radius).real
    y = Downsample(2, gaussian_kernel(13, 1.4)).A(scene / scene.std() * 0.2)
    term = SameSpectrum(y, 2, 16)
    found = {
        width: float(term(gaussian_kernel(13, width)[None, None], NOTHING)) for width in (0.8, 1.0, 1.21, 1.4, 1.8)
    }
    assert min(found, key=found.get) == 1.21


def test_noise_that_is_known_of_is_allowed_for():
    x = torch.rand(1, 1, 96, 96, generator=torch.Generator().manual_seed(1)).cumsum(2) / 30
    y = x + 0.05 * noise(96)
    kernel = gaussian_kernel(13, 1.4)[None, None]
    assert float(SameSpectrum(y, 2, 16, 0.05)(kernel, NOTHING)) < float(SameSpectrum(y, 2, 16)(kernel, NOTHING))


def test_the_noise_of_channels_averages_out():
    """A scene in three channels of the same white spectrum: 0.01 everywhere, beside noise of a third of that."""
    chance = torch.Generator().manual_seed(2)
    y = 0.1 * noise(256) + 0.1 * torch.randn(1, 3, 256, 256, generator=chance)
    term = SameSpectrum(y, 2, 16, 0.1)
    assert float(term.large[3:-2, 3:-2].mean()) == pytest.approx(0.01, rel=0.05)
    assert float(term.small[3:-2, 3:-2].mean()) == pytest.approx(0.01 + 0.01 / 3, rel=0.05)


def test_rings_of_frequencies_count_about_alike():
    weights = SameSpectrum(noise(64), 2, 16).weights
    assert float(weights.sum()) == pytest.approx(1)
    assert float(weights[0, 0]) == 0
    assert float(weights[0, 4] / weights[0, 8]) == pytest.approx((0.5 + 0.05) / (0.25 + 0.05))
    assert torch.allclose(weights, weights.T)


def test_brightness_has_no_power():
    assert torch.allclose(power_spectrum(noise(64) + 30, 16), power_spectrum(noise(64), 16), atol=1e-4)
    assert float(power_spectrum(torch.ones(1, 3, 32, 32), 16).max()) < 1e-9
