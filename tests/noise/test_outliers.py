"""Impulses, hot pixels and dead lines are found; what a lens or a hand has drawn is not taken for them."""

import numpy as np
import pytest
import skimage.data
from scipy.ndimage import gaussian_filter, median_filter
from skimage.util import random_noise

from oneself.noise import describe_noise, fill_outliers, find_outliers

CHANCE = np.random.default_rng(0)
CAMERA = skimage.data.camera()[100:196, 180:276][None] / 255.0
CHELSEA = np.moveaxis(skimage.data.chelsea()[100:196, 150:246], -1, 0) / 255.0


def error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)))


@pytest.mark.parametrize("share", [0.005, 0.05, 0.2])
@pytest.mark.parametrize("clean", [CAMERA, CHELSEA], ids=["camera", "chelsea"])
def test_salt_and_pepper_are_found_and_filled_better_than_by_a_median(clean, share):
    x = random_noise(clean, "s&p", amount=share, rng=0)
    found = find_outliers(x)
    struck = np.abs(x - clean) > 0.1
    assert found[struck].mean() > 0.93
    assert found[~struck].mean() < 0.005
    median = median_filter(x, (1, 3, 3))
    assert error(fill_outliers(x, found), clean) < 0.6 * error(median, clean)
    report = describe_noise(x)
    assert report.outliers == pytest.approx(share, rel=0.25)
    assert report.words().endswith("of the values outliers")


def test_hot_pixels_under_faint_noise():
    x = CAMERA + CHANCE.normal(0, 0.02, CAMERA.shape)
    hot = CHANCE.random(x.shape) < 0.004
    x[hot] = 1.2
    found = find_outliers(x)
    assert found[hot].mean() > 0.9
    assert found[~hot].sum() <= 2
    assert describe_noise(x).sigma == pytest.approx(0.02, rel=0.25)


def test_a_dead_line_is_found_in_its_channel_alone():
    x = CHELSEA + CHANCE.normal(0, 0.02, CHELSEA.shape)
    x[1, 40], x[2, :, 70] = 0.0, 1.0
    found = find_outliers(x)
    assert found[1, 40].all()
    assert found[2, :, 70].all()
    assert found.sum() == 2 * 96
    assert error(fill_outliers(x, found)[1, 40], CHELSEA[1, 40]) < 0.06


def test_a_volume_has_them_too():
    clean = gaussian_filter(CHANCE.random((1, 12, 20, 20)), (0, 2, 2, 2))
    x = clean + CHANCE.normal(0, 0.01, clean.shape)
    hot = CHANCE.random(x.shape) < 0.01
    x[hot] = 1.0
    assert (find_outliers(x) == hot).all()


@pytest.mark.parametrize(
    "name", ["astronaut", "coffee", "coins", "gravel", "page", "text", "rocket", "hubble_deep_field", "horse", "moon"]
)
def test_a_clean_picture_has_none(name):
    picture = getattr(skimage.data, name)()[:300, :300]
    picture = picture / 255.0 if picture.dtype == np.uint8 else picture.astype(float)
    assert not find_outliers(picture[None] if picture.ndim == 2 else np.moveaxis(picture, -1, 0)).any()


@pytest.mark.parametrize("level", [0.02, 0.1, 0.3])
def test_noise_has_none(level):
    x = CAMERA + level * CHANCE.standard_normal(CAMERA.shape)
    for noisy in (x, x.clip(0, 1), CHANCE.poisson(CAMERA * 5) / 5, CAMERA * (1 + level * CHANCE.normal(size=x.shape))):
        assert not find_outliers(noisy).any()


def test_dots_and_lines_of_a_drawing_are_none():
    dots, stars = np.zeros((1, 60, 60)), np.zeros((1, 60, 60))
    dots[:, 4::8, 4::8] = 1
    stars[:, CHANCE.integers(2, 58, 40), CHANCE.integers(2, 58, 40)] = 1
    frame = CHELSEA[:1].copy()
    frame[:, [0, -1]] = 0
    line = CHELSEA[:1].copy()
    line[:, np.arange(20, 80), np.arange(20, 80)] = 1
    line[:, 30:60, 70] = 0
    for drawn in (dots, stars, 0.4 * stars + 0.3, gaussian_filter(stars, (0, 0.7, 0.7)), frame, line):
        assert not find_outliers(drawn).any()


def test_signals_and_what_is_too_small_have_none():
    spike = np.zeros((1, 50))
    spike[0, 20] = 1
    assert not find_outliers(spike).any()
    assert not find_outliers(np.eye(4)[None, :2]).any()


def test_a_large_hole_is_filled_from_its_border():
    x, missing = np.full((1, 20, 20), 0.3), np.zeros((1, 20, 20), bool)
    missing[:, 5:15, 5:15] = True
    x[missing] = 9
    assert np.allclose(fill_outliers(x, missing), 0.3)


@pytest.mark.parametrize("period", [3, 4, 5])
def test_gratings_are_no_outliers(period: int) -> None:
    """One bright column in some, under faint noise and under none."""
    columns = np.indices((96, 96))[1] % period == 0
    for level in (0.0, 0.02):
        x = 0.25 + 0.5 * columns + level * np.random.default_rng(0).normal(size=columns.shape)
        assert not find_outliers(x[None]).any()
