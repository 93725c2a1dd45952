"""Stripes, against known ones on real pictures. Stated tolerance of their level: 15 %, or 1/255."""

import numpy as np
import pytest
import skimage.data
from scipy.ndimage import gaussian_filter

from oneself.noise import describe_noise, line_offsets, stripe_levels

PICTURES = ["astronaut", "camera", "coffee", "chelsea", "coins", "rocket", "brick"]


def picture(name: str) -> np.ndarray:
    image = getattr(skimage.data, name)() / 255.0
    return image[None] if image.ndim == 2 else np.moveaxis(image, -1, 0)


def striped(x: np.ndarray, along: int, level: float, white: float) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(0)
    offsets = level / 255 * chance.normal(size=[1 if axis == 1 + along else n for axis, n in enumerate(x.shape)])
    return x + offsets + white / 255 * chance.normal(size=x.shape), offsets


@pytest.mark.parametrize("along", [0, 1])
@pytest.mark.parametrize(("level", "white"), [(3, 5), (10, 20), (20, 0)])
@pytest.mark.parametrize("name", PICTURES)
def test_the_level_of_stripes_and_their_direction(name: str, level: float, white: float, along: int) -> None:
    y, _ = striped(picture(name), along, level, white)
    found = stripe_levels(y)
    assert 255 * found[along] == pytest.approx(level, rel=0.15, abs=1)
    assert found[1 - along] == 0


@pytest.mark.parametrize("white", [0, 10, 50])
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_without_stripes_have_none(name: str, white: float) -> None:
    y, _ = striped(picture(name), 0, 0, white)
    assert stripe_levels(y) == (0, 0)


@pytest.mark.parametrize("width", [0.8, 1.5])
@pytest.mark.parametrize("name", PICTURES)
def test_neither_blurred_nor_poisson_noise_is_striped(name: str, width: float) -> None:
    x, chance = picture(name), np.random.default_rng(1)
    blurred = gaussian_filter(chance.normal(size=x.shape), (0, width, width))
    assert stripe_levels(x + 0.1 * blurred / blurred.std()) == (0, 0)
    assert stripe_levels(chance.poisson(x * 10 / width) / (10 / width)) == (0, 0)


def test_stripes_fainter_than_white_noise_are_described() -> None:
    y, _ = striped(picture("camera"), 1, 10, 20)
    report = describe_noise(y)
    assert report.correlated
    assert report.striped == (False, True)
    assert "stripes along x of 3" in report.words()
    assert report.sigma * 255 == pytest.approx(500**0.5, rel=0.1)


@pytest.mark.parametrize("along", [0, 1])
@pytest.mark.parametrize("name", PICTURES)
def test_their_offsets_are_found(name: str, along: int) -> None:
    y, offsets = striped(picture(name), along, 20, 10)
    left = line_offsets(y, along) - offsets
    left -= left.mean(axis=2 - along, keepdims=True)
    assert 255 * left.std() < 8


def test_a_picture_keeps_what_changes_slowly() -> None:
    ramp = np.linspace(0, 1, 64)[None, :, None] * np.ones((1, 64, 48))
    assert np.abs(line_offsets(ramp, 1)).max() < 1e-9
    volume = np.random.default_rng(0).normal(size=(2, 12, 30, 30))
    assert line_offsets(volume, 2).shape == (2, 12, 30, 1)


@pytest.mark.parametrize("shape", [(1, 100), (1, 8, 100), (3, 20, 20)])
def test_too_little_tells_nothing(shape: tuple[int, ...]) -> None:
    assert stripe_levels(np.random.default_rng(0).normal(size=shape)) == (0.0,) * (len(shape) - 1)


def test_the_scatter_within_short_lines_is_not_taken_for_stripes() -> None:
    """Thirty elements a line: of the offsets' variance, a tenth is the white noise's."""
    chance = np.random.default_rng(0)
    x = 0.02 * chance.normal(size=(1, 20_000, 1)) + 0.03 * chance.normal(size=(1, 20_000, 30))
    assert stripe_levels(x) == (0, pytest.approx(0.02, rel=0.025))


def test_a_sheet_is_no_stripe() -> None:
    chance = np.random.default_rng(0)
    white = 0.01 * chance.normal(size=(1, 30, 30, 30))
    assert stripe_levels(0.05 * chance.normal(size=(1, 30, 1, 1)) + white) == (0, 0, 0)
    lines = 0.05 * chance.normal(size=(1, 30, 1, 30))
    assert stripe_levels(lines + white) == (0, pytest.approx(0.05, rel=0.2), 0)


def test_stripes_and_white_noise_add_up() -> None:
    chance = np.random.default_rng(0)
    y = 0.5 + (10 * chance.normal(size=(1, 256, 1)) + 20 * chance.normal(size=(1, 256, 256))) / 255
    report = describe_noise(y)
    assert report.sigma * 255 == pytest.approx(500**0.5, rel=0.04)
    assert report.correlation == (0, pytest.approx(0.2, rel=0.15))
    assert report.extent == (1, report.reach[1])
    assert report.offset_variance == pytest.approx(report.sigma**2)
