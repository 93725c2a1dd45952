"""What can be predicted of what was taken off: all of a grating, nothing of noise."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.data import camera

from oneself.noise import prediction

RANDOM = np.random.default_rng(0)
PHOTO = camera()[100:196, 200:296][None] / 255.0


def waves(dims: int) -> np.ndarray:
    places = np.indices((200,) if dims == 1 else (48, 40) if dims == 2 else (12, 24, 20))
    return np.sin(places.sum(axis=0) / 3.0)[None]


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_a_wave_that_was_taken_off_is_predicted_and_noise_is_not(dims: int) -> None:
    noise = 0.1 * RANDOM.standard_normal(waves(dims).shape)
    y, apart = waves(dims) + noise, (1,) * dims
    found = prediction(y, y, apart)  # all of it was taken off
    assert 0.9 < found.share <= 1
    made, known = found.of(y), found.of(y) != 0
    assert ((waves(dims) - made)[known] ** 2).mean() < (noise**2).mean()
    assert known.mean() > 0.3
    assert prediction(y, noise, apart).share < 0.05


@pytest.mark.parametrize("blur", [0.0, 1.0])
def test_noise_of_a_photograph_is_not_predicted_beyond_where_neighbours_share_it(blur: float) -> None:
    noise = gaussian_filter(RANDOM.standard_normal(PHOTO.shape), (0, blur, blur))
    noise *= 0.1 / noise.std()
    assert prediction(PHOTO + noise, noise, (5, 5) if blur else (1, 1)).share < 0.05
    smoothed = PHOTO - gaussian_filter(PHOTO, (0, 2, 2))
    assert prediction(PHOTO + noise, noise + 3 * smoothed, (1, 1)).share > 0.1


def test_the_share_is_that_of_elements_left_out() -> None:
    """On a short signal, by leaving each out in turn."""
    y = RANDOM.standard_normal((1, 40))
    removed = y + np.roll(y, 1)
    found = prediction(y, removed, (1,))
    reach = (len(found.kernel) - 1) // 2
    used = [o for o in range(-reach, reach + 1) if found.kernel[reach + o]]
    inner = range(reach, 40 - reach)
    rows, wanted = np.array([[y[0, i + o] for o in used] for i in inner]), removed[0, list(inner)]
    errors = []
    for k in range(len(wanted)):
        kept = np.arange(len(wanted)) != k
        fitted = np.column_stack([rows[kept], np.ones(kept.sum())])
        weights = np.linalg.lstsq(fitted, wanted[kept], rcond=None)[0]
        errors.append(wanted[k] - np.append(rows[k], 1) @ weights)
    expected = 1 - np.sum(np.square(errors)) / np.sum((wanted - wanted.mean()) ** 2)
    assert found.share == pytest.approx(expected, abs=1e-4)


def test_what_is_flat_or_too_small_predicts_nothing() -> None:
    assert prediction(np.zeros((1, 30, 30)), np.zeros((1, 30, 30)), (1, 1)).share == 0
    assert prediction(np.ones((2, 3, 3)), RANDOM.standard_normal((2, 3, 3)), (7, 7)).share == 0
