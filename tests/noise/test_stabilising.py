"""Noise of any level by brightness: measured, made alike, and undone without bias."""

import numpy as np
import pytest
import skimage.data

from oneself.noise import Stabiliser, bent_variance


def picture(name: str) -> np.ndarray:
    x = getattr(skimage.data, name)()[100:228, 200:328] / 255.0
    return x[None] if x.ndim == 2 else np.moveaxis(x, -1, 0)


@pytest.mark.parametrize("name", ["coffee", "chelsea", "astronaut", "camera"])
def test_multiplicative_noise_is_told_by_its_square_though_it_is_cut(name: str) -> None:
    x = picture(name)
    found = bent_variance(np.clip(x * (1 + 0.3 * np.random.default_rng(0).standard_normal(x.shape)), 0, 1))
    assert found is not None
    level = np.polynomial.polynomial.polyval(0.5, found)
    assert level == pytest.approx(0.09 * 0.25, rel=0.25)


@pytest.mark.parametrize("name", ["coffee", "chelsea", "astronaut", "camera"])
def test_noise_that_a_line_explains_is_not_bent(name: str) -> None:
    x, chance = picture(name), np.random.default_rng(0)
    for y in (x + 0.1 * chance.standard_normal(x.shape), chance.poisson(40 * x) / 40, x):
        assert bent_variance(y) is None


@pytest.mark.parametrize("variance", [(0.01, 0.0, 0.0), (0.001, 0.02, 0.0), (1e-4, 0.0, 0.04)])
@pytest.mark.parametrize("brightness", [0.3, 0.6, 0.85])
def test_values_are_made_alike_and_taken_back_without_bias(variance: tuple, brightness: float) -> None:
    level = np.polynomial.polynomial.polyval(brightness, variance) ** 0.5
    y = np.clip(brightness + level * np.random.default_rng(1).standard_normal(200_000), 0, 1)
    around = np.concatenate([y, [0.0] * 1000, [1.0] * 1000])  # cut at both ends
    stabiliser = Stabiliser.of(around, variance)
    made = stabiliser(y)
    if brightness + 3 * level < 1 and brightness - 3 * level > 0:
        assert made.std() == pytest.approx(1, rel=0.15)
    assert stabiliser.back(made.mean()) == pytest.approx(brightness, abs=0.004)
    assert abs(stabiliser.back(made.mean()) - brightness) <= abs(y.mean() - brightness) + 0.004
