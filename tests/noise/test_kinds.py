"""Poisson-Gaussian noise and rounding, against known synthetic ones. Stated tolerances: gain 15 %, sigma 5 %."""

import itertools

import numpy as np
import pytest
import skimage.data

from oneself.noise import describe_noise

PICTURES = ["astronaut", "camera", "coffee", "chelsea", "coins", "rocket"]


def in_turns(settings: list[tuple[float, ...]]) -> list[tuple[str | float, ...]]:
    """Each picture at one of some settings."""
    return [(name, *setting) for name, setting in zip(PICTURES, itertools.cycle(settings), strict=False)]


def picture(name: str) -> np.ndarray:
    image = getattr(skimage.data, name)()[:384, :384] / 255.0
    return image[None] if image.ndim == 2 else np.moveaxis(image, -1, 0)


@pytest.mark.parametrize(("name", "gain", "level"), in_turns([(0.01, 0.02), (0.03, 0.05), (0.1, 0.02)]))
def test_poisson_gaussian_noise_has_its_gain_and_level(name: str, gain: float, level: float) -> None:
    x, chance = picture(name), np.random.default_rng(0)
    y = chance.poisson(x / gain) * gain + level * chance.normal(size=x.shape)
    report = describe_noise(y)
    assert (report.kind, report.correlated) == ("signal-dependent", False)
    assert report.gain == pytest.approx(gain, rel=0.15)
    assert report.offset_variance == pytest.approx(level**2, rel=0.25, abs=5e-4)
    assert report.sigma == pytest.approx(float(np.sqrt(((y - x) ** 2).mean())), rel=0.05)


@pytest.mark.parametrize(("name", "levels"), in_turns([(8,), (16,), (32,)]))
def test_few_levels_are_said(name: str, levels: int) -> None:
    x = picture(name)
    y = x + 15 / 255 * np.random.default_rng(0).normal(size=x.shape)
    y = np.clip(np.rint(y * (levels - 1)), 0, levels - 1) / (levels - 1)
    report = describe_noise(y)
    assert report.step == pytest.approx(1 / (levels - 1))
    assert report.words().endswith(f"quantised to {levels} levels")
    assert report.sigma == pytest.approx(float(np.sqrt(((y - x) ** 2).mean())), rel=0.1)


def test_many_levels_are_not() -> None:
    assert describe_noise(picture("camera")).step == 0
    assert describe_noise(np.random.default_rng(0).normal(0.5, 0.1, (1, 40, 40))).step == 0


def test_two_levels_or_uneven_ones_are_no_rounding() -> None:
    chance = np.random.default_rng(0)
    for levels, step in (([0.0, 1.0], 0), ([0.0, 0.1, 0.25, 0.7], 0), ([0.0, 0.1, 0.3, 0.7], 0.1)):
        assert describe_noise(chance.choice(levels, size=(1, 64, 64))).step == pytest.approx(step)
