import numpy as np
import pytest
import skimage
import torch
from skimage.restoration import denoise_nl_means

from oneself.priors import DENOISERS, non_local_means


def crop(channels: int, size: tuple[int, ...] = (40, 32)) -> torch.Tensor:
    """Not square: an axis in the wrong place shows."""
    pixels = skimage.data.astronaut()[: size[0], 100 : 100 + size[1]] / 255
    return torch.from_numpy(pixels.transpose(2, 0, 1)).float()[None, :channels]


@pytest.mark.parametrize("name", sorted(DENOISERS))
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
    assert np.allclose(non_local_means(0.1)(x)[0].permute(1, 2, 0).numpy(), expected, atol=1e-6)


def test_volumes():
    volume = torch.rand(1, 1, 6, 12, 10, generator=torch.Generator().manual_seed(0))
    for make in DENOISERS.values():
        assert make(0.1)(volume).shape == volume.shape
