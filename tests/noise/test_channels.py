"""The correlation of noise between channels, against known one on real pictures. Stated tolerance: 0.1."""

import numpy as np
import pytest
import skimage.data

from oneself.noise import channel_correlation


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
def test_shared_noise_is_told(name: str, shared: float) -> None:
    x, chance = np.moveaxis(getattr(skimage.data, name)()[:256, :256], -1, 0) / 255.0, np.random.default_rng(0)
    noise = shared**0.5 * chance.normal(size=(1, *x.shape[1:])) + (1 - shared) ** 0.5 * chance.normal(size=x.shape)
    levels = np.array([15, 25, 35]).reshape(3, 1, 1) / 255
    assert channel_correlation(x + levels * noise) == pytest.approx(shared, abs=0.1)


def test_one_channel_shares_nothing() -> None:
    assert channel_correlation(np.random.default_rng(0).normal(size=(1, 30, 30))) == 0
    assert channel_correlation(np.full((3, 30, 30), 0.5)) == 0
