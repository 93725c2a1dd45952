"""What auto returns is no worse than what it was given: drawn and photographed pictures, with and without noise."""

from collections.abc import Callable

import numpy as np
import pytest
import skimage.data
from scipy.ndimage import gaussian_filter, median_filter
from skimage.util import random_noise

import oneself
from oneself.drawing.camera import Camera

SIDE = 32
Y, X = np.mgrid[:SIDE, :SIDE].astype(float)
PHOTO = skimage.data.camera()[110 : 110 + SIDE, 190 : 190 + SIDE].astype(float)
FUR = skimage.data.chelsea()[170 : 170 + SIDE, 250 : 250 + SIDE, 0].astype(float)

DRAWN: dict[str, np.ndarray] = {
    "flat": np.full((SIDE, SIDE), 90.0),
    "two grounds": np.where(X > 17, 150.0, 90.0),
    "ramp": 40 + 3 * X + Y,
    "lattice of dots": 30 + 200 * np.exp(-((X % 10 - 5) ** 2 + (Y % 10 - 5) ** 2) / 6),
    "grating": 40 + 160 * ((X // 6) % 2),
    "checkerboard": 40 + 160 * ((X // 8 + Y // 8) % 2),
    "fine checkerboard": 60 + 120 * ((X + Y) % 2),
    "sine": 127 + 100 * np.sin(X / 3) * np.sin(Y / 5),
    "rings": 127 + 100 * np.sin(np.hypot(X - 16, Y - 16)),
    "disc": 60 + 120 * (np.hypot(X - 16, Y - 16) < 12),
    "blocks": np.kron(PHOTO[::8, ::8], np.ones((8, 8))),
    "enlarged": gaussian_filter(np.kron(PHOTO[:16, :16], np.ones((2, 2))), 0.8),
    "few levels": np.rint(PHOTO / 32) * 32,
    "dark": PHOTO / 12,
    "photograph": PHOTO,
    "fur": FUR,
}
LEFT = {  # pictures without noise, of which hardly anything may be lost
    **{name: DRAWN[name] for name in DRAWN if name not in ("fur", "photograph", "dark", "flat")},
    "two values": 255.0 * (np.median(PHOTO) < PHOTO),
    "burnt out": np.clip(4 * PHOTO, 0, 255),
    "screenshot": np.pad(skimage.data.text()[20:36, 60:76].astype(float), 8, constant_values=255),
}


def eight_bits(x: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(x), 0, 255).astype(np.uint8)


def error(x: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean((x.astype(float) - truth) ** 2)))


def white(x: np.ndarray, level: float) -> np.ndarray:
    return x + level * np.random.default_rng(1).standard_normal(x.shape)


def shared(x: np.ndarray, level: float) -> np.ndarray:
    noise = gaussian_filter(np.random.default_rng(1).standard_normal(x.shape), 0.7, mode="wrap")
    return x + level * noise / noise.std()


@pytest.mark.parametrize(
    ("noise", "name"),
    [*((white, name) for name in DRAWN), *((shared, name) for name in DRAWN if name != "few levels")],
)
def test_noise_is_never_made_more(name: str, noise: Callable[[np.ndarray, float], np.ndarray]) -> None:
    noisy = eight_bits(noise(DRAWN[name], 8))
    result = oneself.denoise(noisy, device="cpu", full=True)
    assert error(result.image, DRAWN[name]) <= error(noisy, DRAWN[name]), result.notes


@pytest.mark.parametrize("name", LEFT)
def test_a_picture_without_noise_stays_as_it_is(name: str) -> None:
    picture = eight_bits(LEFT[name])
    result = oneself.denoise(picture, device="cpu", full=True)
    assert error(result.image, picture) < 3, result.notes


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_impulses_are_removed_better_than_by_a_median(share: float) -> None:
    noisy = eight_bits(255 * random_noise(PHOTO / 255, "s&p", amount=share, rng=0))
    result = oneself.denoise(noisy, device="cpu", full=True)
    assert error(result.image, PHOTO) < error(median_filter(noisy, 3), PHOTO)
    assert "of the values are outliers: taken for missing, and filled in" in result.notes[0]
    asked = oneself.denoise(noisy, "nonlocal_wiener", device="cpu", full=True)
    assert not any("taken for missing" in note for note in asked.notes)


def test_fur_under_faint_noise_of_a_camera_is_not_taken_for_noise() -> None:
    import torch

    scene = skimage.data.chelsea()[60:124, 200:264] / 255
    shot = Camera(iso=400, quality=95).take(torch.from_numpy(scene).float().permute(2, 0, 1)[None])
    found = oneself.denoise(shot.noisy, device="cpu")
    assert error(found.numpy(), shot.truth.numpy()) <= error(shot.noisy.numpy(), shot.truth.numpy())


@pytest.mark.parametrize("slices", [3, 9])
def test_a_thin_stack_is_as_good_whole_as_slice_by_slice(slices: int) -> None:
    photo = skimage.data.camera()
    clean = np.stack([photo[100 + i : 132 + i, 200 + 2 * i : 232 + 2 * i] for i in range(slices)]).astype(float)
    noisy = eight_bits(white(clean, 25))
    result = oneself.denoise(noisy, device="cpu", channel_axis=None, full=True)
    alone = np.stack([oneself.denoise(one, device="cpu") for one in noisy])
    assert result.method == "nonlocal_wiener"
    assert error(result.image, clean) < error(alone, clean)


@pytest.mark.parametrize("shape", [(12,), (24,), (40,), (60,), (1, 200), (9, 11)])
def test_what_is_small_is_smoothed_at_once_or_left(shape: tuple[int, ...]) -> None:
    smooth = 0.5 + 0.3 * np.sin(np.arange(np.prod(shape)) / np.prod(shape) * 12).reshape(shape)
    fast = 0.5 + 0.3 * np.sin(1.9 * np.arange(np.prod(shape))).reshape(shape)
    for clean in (smooth, fast) if min(shape) == 1 or len(shape) == 1 else (smooth,):
        noisy = clean + 0.05 * np.random.default_rng(0).standard_normal(shape)
        result = oneself.denoise(noisy, device="cpu", channel_axis=None, data_range=(0, 1), full=True)
        assert result.method == "smoothing_spline"
        assert error(result.image, clean) <= 1.001 * error(noisy, clean)


def test_stripes_are_taken_away_first() -> None:
    clean = skimage.data.camera()[100:164, 190:254].astype(float)
    lines = np.random.default_rng(2).standard_normal((64, 1))
    noisy = eight_bits(white(clean, 8) + 15 * lines)
    result = oneself.denoise(noisy, device="cpu", full=True)
    assert error(result.image, clean) < error(noisy, clean) / 2
    assert result.notes[0].startswith("stripes along x of ")
    assert "noise2void" not in result.method


WAVES: dict[str, np.ndarray] = {
    "sine": np.sin(np.arange(128) / 5),
    "fastest": np.cos(0.9 * np.pi * np.arange(127)),
    "square wave": (np.arange(127) // 3 % 2) * 1.0,
    "checkerboard": ((Y[:48] // 4 + X[:48] // 4) % 2) * 0.8 + 0.1,
    "small checkerboard": ((Y[:16, :16] // 4 + X[:16, :16] // 4) % 2) * 0.8 + 0.1,
}


@pytest.mark.parametrize("level", [0.0, 0.004, 0.05])
@pytest.mark.parametrize("name", WAVES)
def test_what_repeats_is_no_noise(name: str, level: float) -> None:
    clean = WAVES[name]
    noisy = clean + level * np.random.default_rng(0).standard_normal(clean.shape)
    result = oneself.denoise(noisy, device="cpu", full=True)
    assert error(result.image, clean) <= 1.001 * error(noisy, clean) + 1e-4, result.notes


def test_it_is_said_that_what_was_taken_off_was_no_noise() -> None:
    noisy = WAVES["sine"] + 0.01 * np.random.default_rng(0).standard_normal(128)
    left = oneself.denoise(noisy, device="cpu", full=True)
    assert "could be predicted from around it; the image was left as it was" in left.notes[-1]
    asked = oneself.denoise(noisy, left.method, device="cpu", full=True)  # what is asked for by name is given
    assert not any("predicted" in note for note in asked.notes)


def test_a_small_plain_shape_stays_sharp() -> None:
    y, x = np.mgrid[:16, :16] / 16
    clean = ((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.1) * 0.7 + 0.1
    noisy = clean + 0.02 * np.random.default_rng(0).standard_normal(clean.shape)
    assert error(oneself.denoise(noisy, device="cpu"), clean) <= error(noisy, clean)


def test_a_dim_channel_beside_a_bright_one_is_restored_too() -> None:
    photo = skimage.data.camera()[100:148, 200:248].astype(float)
    clean = np.dstack([photo, 1000 * photo])
    noisy = clean + np.random.default_rng(0).standard_normal(clean.shape) * [15, 15_000]
    found = oneself.denoise(noisy, device="cpu", channel_axis=-1)
    for channel in range(2):
        assert error(found[..., channel], clean[..., channel]) < error(noisy[..., channel], clean[..., channel]) / 1.3


@pytest.mark.parametrize("name", ["coffee", "camera"])
def test_multiplicative_noise_is_taken_off_where_it_is_strongest(name: str) -> None:
    clean = getattr(skimage.data, name)()[100:228, 200:328] / 255
    noisy = np.clip(clean * (1 + 0.3 * np.random.default_rng(0).standard_normal(clean.shape)), 0, 1)
    result = oneself.denoise(noisy, device="cpu", full=True, passes=2)
    assert result.method == "stabilised_wiener"
    assert error(result.image, clean) < error(noisy, clean) / 2
