"""The level of white noise, against known synthetic noise on real pictures. Stated tolerance: 1/255 or 10 %."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from oneself.noise import estimate_sigma, median_level
from oneself.noise.blocks import cut_blocks
from oneself.noise.level import LIMIT

PICTURES = ["astronaut", "camera", "coffee", "chelsea", "coins", "brick", "rocket", "moon"]


def picture(name: str) -> np.ndarray:
    image = getattr(skimage.data, name)() / 255.0
    return image[None] if image.ndim == 2 else np.moveaxis(image, -1, 0)


@pytest.mark.parametrize("clip", [False, True], ids=["unclipped", "clipped"])
@pytest.mark.parametrize("level", [5, 10, 25, 50])
@pytest.mark.parametrize("name", PICTURES)
def test_level_is_within_tolerance(name: str, level: int, clip: bool) -> None:
    x = picture(name)
    y = x + np.random.default_rng(level).normal(0, level / 255, x.shape)
    sigma = 255 * estimate_sigma(np.clip(y, 0, 1) if clip else y)
    assert abs(sigma - level) <= max(1.0, 0.1 * level)


@pytest.mark.parametrize("name", ["camera", "chelsea", "brick", "rocket", "coffee"])
def test_a_clean_picture_has_no_more_than_a_step_of_eight_bits(name: str) -> None:
    assert estimate_sigma(picture(name)) < 1 / 255


@pytest.mark.parametrize("seed", range(3))
def test_a_signal_and_a_volume(seed: int) -> None:
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, 4000)
    signal = (0.5 + 0.3 * np.sin(20 * t) * (t > 0.3))[None]
    z, y, x = np.mgrid[:16, :64, :64] / 64
    volume = (0.5 + 0.3 * np.sin(8 * z + 6 * y) * np.cos(9 * x) * (y > 0.4))[None]
    for clean in (signal, volume, volume[:, :3]):
        assert estimate_sigma(clean + rng.normal(0, 0.1, clean.shape)) == pytest.approx(0.1, rel=0.15)


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 5, 3), (1, 1, 300), (2, 13, 17), (1, 97)])
def test_odd_and_small_shapes_give_the_order_of_magnitude(shape: tuple[int, ...]) -> None:
    noise = np.random.default_rng(0).normal(0.5, 0.1, shape)
    assert 0.03 < estimate_sigma(noise) < 0.2


def test_a_constant_picture_has_none() -> None:
    assert estimate_sigma(np.full((3, 32, 32), 0.3)) < 1e-9
    assert estimate_sigma(np.ones((1, 32, 32))) < 1e-9


def test_single_precision_and_channels_agree() -> None:
    y = picture("camera") + np.random.default_rng(0).normal(0, 0.1, (1, 512, 512))
    assert estimate_sigma(y.astype(np.float32)) == pytest.approx(estimate_sigma(y), rel=1e-3)
    assert estimate_sigma(np.concatenate([y, y])) == pytest.approx(estimate_sigma(y))


def test_channels_combine_by_root_mean_square() -> None:
    rng = np.random.default_rng(0)
    y = np.stack([rng.normal(0.5, 0.03, (128, 128)), rng.normal(0.5, 0.04, (128, 128))])
    assert estimate_sigma(y) == pytest.approx(np.hypot(0.03, 0.04) / np.sqrt(2), rel=0.05)


def test_a_saturated_channel_is_left_out() -> None:
    rng = np.random.default_rng(0)
    y = np.stack([rng.normal(0.5, 0.05, (128, 128)), np.ones((128, 128))])
    assert estimate_sigma(y) == pytest.approx(0.05, rel=0.1)


@pytest.mark.parametrize("shape", [(64, 64), (2048, 2048), (3000, 7), (100, 200, 200), (10**6,)])
def test_the_work_does_not_grow_with_the_picture(shape: tuple[int, ...]) -> None:
    channel = np.broadcast_to(np.float32(0.5), shape)
    assert len(cut_blocks(channel, 4, LIMIT, (True, True))) <= LIMIT


def test_bad_input_is_refused() -> None:
    with pytest.raises(TypeError, match="real floating"):
        estimate_sigma(np.zeros((1, 8, 8), dtype=np.uint8))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="real floating"):
        estimate_sigma(np.zeros((1, 8, 8), dtype=complex))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="spatial"):
        estimate_sigma(np.zeros(8))
    with pytest.raises(ValueError, match="too small"):
        estimate_sigma(np.zeros((3, 1, 1)))
    with pytest.raises(ValueError, match="NaN"):
        estimate_sigma(np.full((1, 8, 8), np.nan))


@pytest.mark.parametrize("level", [0.0, 0.02, 0.1])
def test_the_median_of_the_finest_details_tells_the_noise_of_few_pixels(level: float) -> None:
    y, x = np.mgrid[:16, :16] / 16
    disc = ((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.1) * 0.7 + 0.1
    noise = np.random.default_rng(0).standard_normal((3, 16, 16))
    assert median_level(disc + level * noise) == pytest.approx(level, rel=0.3)
    assert median_level(np.zeros((1, 1, 5))) == 0
