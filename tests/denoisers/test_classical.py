import numpy as np
import pytest
import skimage
import torch
from skimage.restoration import denoise_nl_means

from oneself.denoisers.classical import DENOISERS, DIMENSIONS, denoiser, installed, non_local_means


def crop(channels: int, size: tuple[int, ...] = (40, 32)) -> torch.Tensor:
    """Not square: an axis in the wrong place shows."""
    pixels = skimage.data.astronaut()[: size[0], 100 : 100 + size[1]] / 255
    return torch.from_numpy(pixels.transpose(2, 0, 1)).float()[None, :channels]


@pytest.mark.parametrize("name", installed())
@pytest.mark.parametrize("channels", [1, 3])
def test_a_prior_takes_noise_away_and_keeps_the_shape(name, channels):
    clean = crop(channels)
    noisy = clean + 0.08 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    made = DENOISERS[name](0.08)(noisy)
    assert made.shape == noisy.shape
    assert made.dtype == noisy.dtype
    assert (made - clean).square().mean() < 0.6 * (noisy - clean).square().mean()


def test_non_local_means_is_scikit_images():
    x = crop(3)
    expected = denoise_nl_means(
        x[0].permute(1, 2, 0).numpy(), patch_size=5, patch_distance=6, h=0.6 * 0.1, sigma=0.1, channel_axis=-1
    )
    assert np.allclose(non_local_means(0.1)(x)[0].permute(1, 2, 0).numpy(), expected, atol=1e-5)


def test_volumes():
    volume = torch.rand(1, 1, 6, 12, 10, generator=torch.Generator().manual_seed(0))
    for name, make in DENOISERS.items():
        if 3 in DIMENSIONS[name]:
            assert make(0.1)(volume).shape == volume.shape


def test_a_prior_that_does_not_fit_is_refused_and_others_named():
    volume, many = torch.rand(1, 1, 6, 12, 10), torch.rand(1, 5, 12, 10)
    with pytest.raises(ValueError, match=r"pnp_dip\(prior='bm3d'\): not for 1 channels in 3D\. Give one of 'non-local"):
        denoiser("bm3d", 0.1, volume, "pnp_dip")
    with pytest.raises(ValueError, match="not for 5 channels in 2D"):
        denoiser("bm3d", 0.1, many, "pnp_dip")
    with pytest.raises(ValueError, match=r"not for 1 channels in 1D\. Give one of 'total-variation'"):
        denoiser("non-local-means", 0.1, torch.rand(1, 1, 40), "p_gsure")


def test_a_package_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"the package bm3d is not installed\. `pip install bm3d`"):
        denoiser("bm3d", 0.1, crop(3), "pnp_dip")
