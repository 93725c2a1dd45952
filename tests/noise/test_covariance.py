"""The noise of patches: between neighbours, between channels, at each brightness."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from oneself.noise import PatchNoise, estimate_patch_noise
from oneself.noise.covariance import frequencies

SIGMA = 10 / 255


def white(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def shared(*shape: int, radius: float = 0.8) -> np.ndarray:
    made = gaussian_filter(white(*shape), (0, radius, radius), mode="wrap")
    return np.asarray(made / made.std())


def patches(noise: PatchNoise, x: np.ndarray) -> np.ndarray:
    """All patches of a picture, whitened: (patches, C, n)."""
    side = noise.power.shape[1]
    turned = np.tensordot(noise.axes, x - x.mean(axis=(1, 2), keepdims=True), 1)
    windows = np.lib.stride_tricks.sliding_window_view(turned, (side, side), axis=(1, 2))
    return np.einsum("cpn,cnk->pck", windows.reshape(len(x), -1, side * side), noise.whitening()[0])


@pytest.mark.parametrize("channels", [1, 3])
def test_white_noise_has_its_level_and_no_correlation(channels):
    x = 0.5 + SIGMA * white(channels, 96, 96)
    noise = estimate_patch_noise(x)
    assert noise.level(x) == pytest.approx(SIGMA, rel=0.06)
    assert np.allclose(noise.correlation(), 0, atol=0.06)
    assert noise.plain > 0.5


@pytest.mark.parametrize("radius", [0.4, 0.5])
def test_noise_that_neighbours_share_becomes_white(radius):
    x = 0.5 + SIGMA * shared(3, 128, 128, radius=radius)
    noise = estimate_patch_noise(x)
    assert noise.level(x) == pytest.approx(SIGMA, rel=0.1)
    found = patches(noise, x)
    power = np.einsum("pck,pck->ck", found, found) / len(found)
    assert np.allclose(power, 1, atol=0.3)
    away = np.einsum("pck,pcl->ckl", found, found) / len(found) - np.eye(49) * power[:, :, None]
    assert np.sqrt((away**2).mean()) < 0.12


def test_channels_that_share_noise_are_turned_apart():
    own, common = white(3, 96, 96), white(1, 96, 96, seed=1)
    x = 0.5 + SIGMA * (own + common) / np.sqrt(2)
    noise = estimate_patch_noise(x)
    turned = np.tensordot(noise.axes, x - 0.5, 1).reshape(3, -1)
    assert np.allclose(np.corrcoef(turned), np.eye(3), atol=0.08)
    assert noise.level(x) == pytest.approx(SIGMA, rel=0.06)


def test_the_curve_follows_brightness():
    truth = np.tile(np.linspace(0.1, 0.9, 160), (1, 128, 1))
    x = truth + np.sqrt(0.01 * truth) * white(1, 128, 160)
    noise = estimate_patch_noise(x)
    dark, bright = noise.at(np.array([0.2, 0.8]))
    assert bright / dark == pytest.approx(4, rel=0.35)
    assert noise.level(x) == pytest.approx(np.sqrt(0.005), rel=0.1)
    assert np.all(noise.at(np.array([-5.0, 5.0])) > 0)


def test_a_slope_is_not_taken_for_noise():
    slope = np.add.outer(np.linspace(0, 0.5, 96), np.linspace(0, 0.4, 96))[None]
    flat, steep = (estimate_patch_noise(b + SIGMA * white(1, 96, 96)) for b in (0.5, slope))
    assert steep.level(slope) == pytest.approx(flat.level(slope), rel=0.12)


def test_what_compression_took_from_fine_frequencies_is_still_expected():
    x = 0.5 + SIGMA * shared(1, 128, 128, radius=3)
    power = estimate_patch_noise(x).power[0]
    f = frequencies(7)
    anchor = power[np.abs(f - 0.5) < 0.08].mean()
    assert power[f > 1.2].min() >= 0.04 * anchor
    assert power[(f > 0) & (f < 0.2)].max() <= 2.8 * anchor


def test_whitening_is_undone():
    white_, back = estimate_patch_noise(0.5 + SIGMA * shared(3, 64, 64)).whitening()
    assert np.allclose(white_ @ back, np.eye(49), atol=1e-8)


def test_scaling_multiplies_the_variance():
    x = 0.5 + SIGMA * white(1, 64, 64)
    noise = estimate_patch_noise(x)
    assert noise.scaled(4).level(x) == pytest.approx(2 * noise.level(x))


@pytest.mark.parametrize("size", [(8, 8), (7, 40), (20, 24)])
def test_small_and_flat_pictures_have_an_answer(size):
    for x in (0.5 + SIGMA * white(3, *size), np.full((3, *size), 0.5), np.zeros((1, *size)), np.ones((1, *size))):
        level = estimate_patch_noise(x).level(x)
        assert np.isfinite(level)
        assert level > 0


def test_saturated_places_say_nothing():
    x = np.clip(0.5 + SIGMA * white(1, 96, 96), 0, 1)
    x[:, :60] = 1.0
    assert estimate_patch_noise(x).level(x) == pytest.approx(SIGMA, rel=0.1)


def test_what_holds_no_block_is_refused():
    with pytest.raises(ValueError, match="holds a block"):
        estimate_patch_noise(white(1, 20, 6), side=7)
    with pytest.raises(ValueError, match="holds a block"):
        estimate_patch_noise(white(1, 10, 10, 10))
