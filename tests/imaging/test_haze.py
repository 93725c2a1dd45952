"""Haze, and the filters it needs, against scipy and closed forms."""

import pytest
import torch
from scipy.ndimage import minimum_filter, uniform_filter

from oneself.imaging.filters import box_mean, guided_filter
from oneself.imaging.haze import LEAST, airlight, clear, dark_channel, refined, transmission
from oneself.testing import picture

X = picture(40, 36)


@pytest.mark.parametrize("shape", [(9,), (8, 11), (5, 6, 7)])
def test_box_means_are_cut_off_at_the_border(shape):
    x = torch.rand(1, 2, *shape, generator=torch.Generator().manual_seed(0))
    found, size = box_mean(x, 2), (1, 1, *[5] * len(shape))
    ones = uniform_filter(torch.ones_like(x).numpy(), size, mode="constant")
    expected = uniform_filter(x.numpy(), size, mode="constant") / ones
    assert torch.allclose(found, torch.from_numpy(expected), atol=1e-5)
    assert torch.allclose(box_mean(x, 99), x.mean(dim=tuple(range(2, x.ndim)), keepdim=True).expand_as(x), atol=1e-6)


def test_the_guided_filter_keeps_what_follows_the_guide_and_smooths_what_does_not():
    guide = X.mean(1, keepdim=True).double()
    assert torch.allclose(guided_filter(2 * guide - 0.3, guide, 4, 1e-12), 2 * guide - 0.3, atol=1e-6)
    assert torch.allclose(guided_filter(guide, torch.zeros_like(guide), 4, 1e-2), box_mean(box_mean(guide, 4), 4))
    noise = torch.randn(guide.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert guided_filter(noise, guide, 4, 1e-2).std() < 0.5 * noise.std()


def test_the_dark_channel_is_the_least_of_the_patch():
    expected = minimum_filter(X.numpy(), (1, 3, 15, 15), mode="nearest").min(1, keepdims=True)
    assert torch.allclose(dark_channel(X)[..., 8:-8, 8:-8], torch.from_numpy(expected)[..., 8:-8, 8:-8])


def test_known_haze_is_undone():
    light = torch.tensor([0.8, 0.9, 1.0])[None, :, None, None]
    t = torch.linspace(0.2, 1, 40).reshape(1, 1, -1, 1)
    assert torch.allclose(clear(t * X + (1 - t) * light, t, light), X, atol=1e-5)


def test_the_airlight_is_the_colour_of_the_haziest_part():
    light = torch.tensor([0.8, 0.9, 1.0])[None, :, None, None]
    t = torch.ones(1, 1, 40, 1)
    t[..., :20, :] = 0.02
    hazy = t * X + (1 - t) * light
    assert torch.allclose(airlight(hazy), light, atol=0.03)
    found = transmission(hazy, light)
    assert found[..., :10, :].mean() + 0.2 < found[..., -10:, :].mean()
    assert found.min() >= LEAST
    assert refined(torch.zeros(1, 1, 40, 36), hazy).min() == pytest.approx(LEAST)
