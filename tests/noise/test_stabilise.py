"""The generalised Anscombe transform: noise of one level, and an inverse without bias."""

import numpy as np
import pytest
import torch

from oneself.noise import Anscombe

LEVELS = [(0.01, 0.02), (0.03, 0.05), (0.1, 0.03)]


def counts(mean: float, gain: float, level: float, offset: float = 0.0) -> torch.Tensor:
    chance = np.random.default_rng(0)
    return torch.from_numpy(gain * chance.poisson(mean / gain, 200_000) + level * chance.normal(size=200_000) + offset)


@pytest.mark.parametrize("mean", [0.1, 0.3, 0.6, 1.0])
@pytest.mark.parametrize(("gain", "level"), LEVELS)
def test_the_noise_is_alike_at_every_brightness(gain: float, level: float, mean: float) -> None:
    y = counts(mean, gain, level)
    transform = Anscombe.of(y, gain, level**2)
    assert 0 <= float(transform(y).min()) < float(transform(y).max()) <= 1.000001
    few = 0.15 if mean / gain < 4 else 0.05
    assert float(transform(y).std()) == pytest.approx(transform.sigma, rel=few)


@pytest.mark.parametrize("mean", [0.05, 0.1, 0.3, 0.6, 1.0])
@pytest.mark.parametrize(("gain", "level"), LEVELS)
def test_the_inverse_has_no_bias(gain: float, level: float, mean: float) -> None:
    y = counts(mean, gain, level)
    transform = Anscombe.of(y, gain, level**2)
    found = float(transform.inverse(transform(y).mean()[None]))
    assert found == pytest.approx(mean, rel=0.015 if mean / gain > 2 else 0.15)
    plain = float(gain * ((transform(y).mean() * transform.span + transform.low) ** 2 / 4 - 0.375)) - level**2 / gain
    if mean / gain > 2:
        assert abs(found - mean) < abs(plain - mean), "the algebraic inverse is biased"


def test_a_black_level_is_a_negative_offset() -> None:
    y = counts(0.3, 0.01, 0.0, offset=0.2)
    transform = Anscombe.of(y, 0.01, -0.01 * 0.2)
    assert float(transform.inverse(transform(y).mean()[None])) == pytest.approx(0.5, rel=0.005)


@pytest.mark.parametrize("gain", [0.0, -0.1, float("nan")])
def test_noise_that_does_not_grow_is_refused(gain: float) -> None:
    with pytest.raises(ValueError, match=r"Anscombe\(gain=.*must be above 0"):
        Anscombe.of(torch.rand(10), gain, 0.1)
