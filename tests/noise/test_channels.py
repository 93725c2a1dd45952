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


def test_channels_of_very_different_levels() -> None:
    """On nothing but noise, ten times as strong in one channel, where the exact correlation is known."""
    chance = np.random.default_rng(0)
    shared, own = chance.normal(size=(1, 256, 256)), chance.normal(size=(3, 256, 256))
    noise = np.array([0.02, 0.2, 0.02])[:, None, None] * (0.8**0.5 * shared + 0.2**0.5 * own)
    assert channel_correlation(0.5 + noise) == pytest.approx(0.8, abs=0.03)
    noise[1] *= -1
    assert channel_correlation(0.5 + noise) == pytest.approx(-0.8, abs=0.03)
