"""What the report says of known noise: correlation, stripes, signal dependence, saturation."""

from __future__ import annotations

import dataclasses
import io
import itertools

import imageio.v3 as iio
import numpy as np
import pytest
import skimage.data
import torch
from scipy.ndimage import convolve, gaussian_filter

from oneself.drawing.camera import Camera
from oneself.noise import NoiseReport, describe_noise

PICTURES = ["astronaut", "camera", "coffee", "chelsea", "coins", "brick"]


def picture(name: str) -> np.ndarray:
    image = getattr(skimage.data, name)() / 255.0
    return image[None] if image.ndim == 2 else np.moveaxis(image, -1, 0)


def noisy(name: str, noise: np.ndarray, level: float) -> np.ndarray:
    """The picture with `noise` scaled to `level`/255, clipped as a file would be."""
    return np.clip(picture(name) + noise * level / 255 / noise.std(), 0, 1)


def white(name: str) -> np.ndarray:
    return np.random.default_rng(0).normal(size=picture(name).shape)


@pytest.mark.parametrize(
    ("name", "level"), [*zip(PICTURES, itertools.cycle([5, 25])), *zip(PICTURES, itertools.cycle([50, 10]))]
)
def test_white_gaussian_noise_is_just_that(name: str, level: int) -> None:
    report = describe_noise(noisy(name, white(name), level))
    assert (report.kind, report.correlated) == ("gaussian", False)
    assert (report.gain, report.correlation, report.extent) == (0.0, (0.0, 0.0), (1, 1))
    assert report.offset_variance == pytest.approx(report.sigma**2)
    assert abs(255 * report.sigma - level) <= max(1.0, 0.1 * level)


@pytest.mark.parametrize("level", [10, 25])
@pytest.mark.parametrize("name", PICTURES)
def test_blurred_noise_is_correlated_and_its_level_known(request: pytest.FixtureRequest, name: str, level: int) -> None:
    if (name, level) == ("brick", 10):
        limit = "courses of bricks are structure that repeats, and faint noise that neighbours share is taken for it"
        request.applymarker(pytest.mark.xfail(reason=limit, strict=True))
    noise = gaussian_filter(white(name), (0, 1, 1))
    report = describe_noise(noisy(name, noise, level))
    assert report.correlated
    assert report.kind == "gaussian"
    assert report.sigma * 255 == pytest.approx(level, rel=0.25)
    assert report.correlation == pytest.approx((np.exp(-1 / 4),) * 2, abs=0.1)
    assert all(2 <= e <= 6 for e in report.extent)


@pytest.mark.parametrize("name", PICTURES[:-1])  # of courses of bricks: see above
def test_interpolated_noise_is_correlated(name: str) -> None:
    noise = white(name) * (np.indices(picture(name).shape)[1:] % 2 == 0).all(axis=0)
    bilinear = np.outer([0.5, 1, 0.5], [0.5, 1, 0.5])[None]
    report = describe_noise(noisy(name, convolve(noise, bilinear), 15))
    assert report.correlated
    assert report.sigma * 255 == pytest.approx(15, rel=0.15)
    assert min(report.correlation) > 0.5


@pytest.mark.parametrize("name", PICTURES[1:])  # of the first, JPEG silences the black ground: a stated limit
def test_noise_through_strong_jpeg_is_correlated(name: str) -> None:
    y = np.rint(255 * noisy(name, white(name), 25)).astype(np.uint8)
    file = io.BytesIO()
    iio.imwrite(file, y[0] if len(y) == 1 else np.moveaxis(y, 0, -1), extension=".jpg", quality=20)
    decoded = iio.imread(file.getvalue()) / 255.0
    assert describe_noise(decoded[None] if decoded.ndim == 2 else np.moveaxis(decoded, -1, 0)).correlated


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("name", PICTURES)
def test_stripes_are_long_along_one_axis(name: str, axis: int) -> None:
    shape = list(picture(name).shape)
    shape[axis] = 1
    stripes = np.random.default_rng(0).normal(size=shape) + white(name)
    report = describe_noise(noisy(name, stripes, 15))
    along, across = report.extent[axis - 1], report.extent[2 - axis]
    assert report.correlated
    assert report.correlation[axis - 1] > 0.25
    assert along == 16
    assert across <= 4
    assert f"stripes along {'yx'[axis - 1]}" in report.words()
    assert report.sigma * 255 == pytest.approx(15, rel=0.2)


@pytest.mark.parametrize("name", ["astronaut", "camera", "coffee", "chelsea", "coins", "rocket"])
def test_poisson_noise_has_its_gain(name: str) -> None:
    y = np.random.default_rng(0).poisson(30 * picture(name)) / 30
    for shown in (y, np.clip(y, 0, 1)):
        report = describe_noise(shown)
        assert (report.kind, report.correlated) == ("signal-dependent", False)
        assert report.gain == pytest.approx(1 / 30, rel=0.3)
        assert abs(report.offset_variance) < 0.1 / 30
        assert report.sigma == pytest.approx(np.sqrt(picture(name).mean() / 30), rel=0.1)


@pytest.mark.parametrize("name", ["astronaut", "camera", "coffee"])
def test_a_dark_field_is_not_taken_for_silence(name: str) -> None:
    x = picture(name) ** 4  # most of the picture black, where Poisson noise is silent
    report = describe_noise(np.clip(np.random.default_rng(0).poisson(100 * x) / 100, 0, 1))
    assert report.kind == "signal-dependent"
    assert report.gain == pytest.approx(0.01, rel=0.3)


@pytest.mark.parametrize("name", ["camera", "chelsea", "brick", "rocket", "coffee"])
def test_a_clean_picture_has_no_visible_noise(name: str) -> None:
    report = describe_noise(picture(name))
    assert report.kind == "none"
    assert not report.correlated
    assert report.words().startswith("no visible noise")


@pytest.mark.parametrize("name", ["astronaut", "coins", "moon"])
def test_the_grain_of_other_pictures_is_low(name: str) -> None:
    assert describe_noise(picture(name)).sigma < 3 / 255


def test_grass_looks_like_correlated_noise() -> None:
    assert describe_noise(picture("grass")).correlated, "a stated limit: texture that fills the picture"


def test_saturation_is_counted_and_said() -> None:
    y = noisy("camera", white("camera"), 50)
    report = describe_noise(y)
    assert report.clipped == pytest.approx(((y == 0) | (y == 1)).mean())
    assert f"{report.clipped:.1%} of the values saturated" in report.words()
    moved = describe_noise(y * 2 - 0.5)
    assert moved.clipped == report.clipped, "where a picture is cut off is its own business"
    assert moved.sigma == pytest.approx(2 * report.sigma, rel=1e-6)


def test_a_signal_and_a_volume() -> None:
    rng = np.random.default_rng(0)
    t = np.linspace(0, 1, 4000)[None]
    signal = describe_noise(0.5 + 0.3 * np.sin(20 * t) + gaussian_filter(rng.normal(size=t.shape), (0, 2)) * 0.2)
    assert signal.correlated
    assert len(signal.extent) == 1
    volume = describe_noise(0.5 + gaussian_filter(rng.normal(size=(1, 24, 64, 64)), (0, 0, 1, 1)) * 0.3)
    assert volume.correlated
    assert volume.correlation == pytest.approx((0, np.exp(-1 / 4), np.exp(-1 / 4)), abs=0.1)
    assert volume.extent[0] == 1


@pytest.mark.parametrize("shape", [(1, 13, 17), (3, 31, 29), (1, 48, 48)])
def test_small_pictures_raise_few_alarms(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    reports = [describe_noise(rng.normal(0.5, 0.1, shape)) for _ in range(30)]
    assert sum(r.correlated or r.kind != "gaussian" for r in reports) <= 1


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 5, 3), (1, 1, 300), (1, 7), (1, 3, 40, 40)])
def test_odd_shapes_and_constants_are_described(shape: tuple[int, ...]) -> None:
    report = describe_noise(np.random.default_rng(0).normal(0.5, 0.1, shape))
    assert np.isfinite(report.sigma)
    assert len(report.extent) == len(shape) - 1
    for value in (0.0, 0.3, 1.0):
        assert describe_noise(np.full(shape, value)).kind == "none"


def test_words() -> None:
    plain = NoiseReport(24.8 / 255, "gaussian", 0.0, 0.00946, False, (0.0, 0.0), (1, 1), 0.0, (16, 16))
    assert plain.words() == "white Gaussian noise, sigma 9.7 % of the range"
    smooth = dataclasses.replace(plain, correlated=True, correlation=(0.1, 0.6), extent=(1, 2))
    assert smooth.words() == "correlated Gaussian noise, sigma 9.7 % of the range, 2 px along x"
    shot = dataclasses.replace(plain, kind="signal-dependent", gain=0.033, offset_variance=-1e-3, clipped=0.02)
    assert shot.words() == (
        "white signal-dependent noise, sigma 9.7 % of the range, variance 0.033 x brightness -0.001, "
        "2.0% of the values saturated"
    )


def test_bad_input_is_refused() -> None:
    with pytest.raises(TypeError, match=r"describe_noise\(x=int64\)"):
        describe_noise(np.zeros((1, 8, 8), dtype=np.int64))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="NaN"):
        describe_noise(np.full((1, 8, 8), np.inf))


def shot(name: str, camera: Camera) -> tuple[np.ndarray, float]:
    """A photograph of the picture by a camera, and the level of its noise."""
    taken = camera.take(torch.from_numpy(picture(name)).float()[None], seed=0)
    return taken.noisy[0].numpy(), float((taken.noisy - taken.truth).square().mean().sqrt())


@pytest.mark.parametrize("name", ["coffee", "rocket"])
def test_the_noise_of_a_camera_is_known_by_its_channels(name: str) -> None:
    file, level = shot(name, Camera(iso=400, quality=95))
    report = describe_noise(file)
    assert report.correlated
    assert report.sigma == pytest.approx(level, rel=0.25)


def test_black_places_of_a_photograph_do_not_speak_for_the_rest() -> None:
    scene = picture("rocket")[:, :, :320]
    dark = torch.from_numpy(np.concatenate([scene, scene / 30], axis=1)).float()[None]
    taken = Camera(iso=1600, sharpness=-0.5, quality=95).take(dark, seed=0)
    report = describe_noise(taken.noisy[0].numpy())
    assert report.correlated
    assert report.sigma > 1.5 / 255


@pytest.mark.parametrize("iso", [400, 1600])
def test_straight_edges_do_not_hide_a_cameras_noise(iso: int) -> None:
    """A few waves hold the power of straight edges, as they do of a grating; faint noise is there, too."""
    rows, columns = np.mgrid[:128, :128]
    scene = np.where(rows < 90, 0.08, 0.55) + 0.2 * ((columns > 70) & (rows < 90))
    clean = torch.from_numpy(np.stack([scene, 0.95 * scene, 0.9 * scene])).float()[None]
    taken = Camera(iso=iso, quality=92, halved=True, lens=0.7, sharpness=-0.3).take(clean, seed=1)
    report = describe_noise(taken.noisy[0].numpy())
    assert report.correlated
    assert report.sigma == pytest.approx(float((taken.noisy - taken.truth).std()), rel=0.35)
