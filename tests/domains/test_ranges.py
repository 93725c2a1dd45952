"""Unit range and back, and pixels that are refused."""

import numpy as np
import pytest

from oneself.domains.gaps import check_pixels
from oneself.domains.ranges import from_unit, measured_range, to_unit


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", ">u2"])
def test_every_integer_comes_back(dtype):
    limits = np.iinfo(dtype)
    every = np.arange(limits.min, limits.max + 1).astype(dtype)
    unit, span = to_unit(every)
    back = from_unit(unit, span)
    assert unit.dtype == np.float32
    assert (unit.min(), unit.max()) == (0, 1)
    assert back.dtype == every.dtype
    assert np.array_equal(back, every)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "uint32", "int64", "float32", "float64"])
def test_the_range_is_the_pictures_own(dtype):
    pixels = np.arange(20, 84, dtype=dtype).reshape(8, 8)
    unit, span = to_unit(pixels)
    assert (span.low, span.high) == (20, 83)
    assert (unit.min(), unit.max()) == (0, 1)
    assert from_unit(unit, span) == pytest.approx(pixels, rel=1e-7)
    moved, there = to_unit(pixels * 3)
    assert np.array_equal(moved, unit)
    assert (there.low, there.high) == (60, 249)


def test_a_given_range_stands():
    pixels = np.arange(4096, dtype=np.uint16)
    unit, span = to_unit(pixels[:2048], 4095)
    assert unit.max() == np.float32(2047 / 4095)
    assert np.array_equal(from_unit(unit, span), pixels[:2048])


def scene(side: int = 64) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    return 200 + 60 * np.sin(x / 7) * np.cos(y / 5) + np.random.default_rng(0).normal(0, 8, (side, side))


@pytest.mark.parametrize("share", [1 / 64**2, 0.003, 0.05, 0.1])
def test_hot_pixels_are_not_the_range(share):
    clean = scene()
    hot = clean.copy()
    hot[np.random.default_rng(1).random(clean.shape) < share] = 60_000
    hot[20, 20], hot[40, 40] = 60_000, -60_000
    low, high = measured_range(hot)
    assert clean.min() <= low < clean.min() + 20
    assert clean.max() - 20 < high <= clean.max()


def test_bright_things_in_the_dark_are():
    dark = np.random.default_rng(0).normal(100, 3, (64, 64))
    y, x = np.mgrid[:64, :64]
    for down, across in ((10, 12), (40, 9), (33, 50)):
        dark += 4000 * np.exp(-((y - down) ** 2 + (x - across) ** 2) / 2)
    star = dark.max()
    assert measured_range(dark)[1] == star
    dark[5, 40] = 60_000  # a hot pixel among stars
    assert measured_range(dark)[1] == star
    assert measured_range(dark[:, :, None].repeat(3, 2)[..., :1])[1] == star


def test_other_pictures_have_their_extremes():
    assert measured_range(np.array([[0, 0, 0, 0], [0, 0, 0, 9]])) == (0, 9)
    assert measured_range(np.array([3.0, 3.0])) == (3, 4)
    assert measured_range(np.array([True, True])) == (0, 1)
    signal = np.sin(np.arange(50.0))
    assert measured_range(signal) == (signal.min(), signal.max())


def test_values_that_nothing_can_be_computed_with_are_refused():
    """Such as what stands for "no value" in maps."""
    heights = np.random.default_rng(0).random((9, 9), np.float32)
    heights[4, 4] = np.finfo(np.float32).min
    with pytest.raises(ValueError, match=r"single values reach from -3.40282e\+38 .* Set those .* to NaN"):
        to_unit(heights)
    heights[4, 4] = -9999
    to_unit(heights)


def test_zero_may_have_to_stay():
    counts = np.array([[3, 4], [5, 9]])
    assert to_unit(counts, from_zero=True)[1][:2] == (0, 9)
    assert to_unit(counts)[1][:2] == (3, 9)


def test_values_beyond_a_given_range_survive():
    pixels = np.array([0, 100, 200, 255], np.uint8)
    assert np.array_equal(from_unit(*to_unit(pixels, (50, 150))), pixels)


def test_rounding_and_clipping():
    _, span = to_unit(np.array([0, 255], np.uint8))
    assert from_unit(np.array([-0.3, 0.5 / 255 + 1e-4, 1.7]), span).tolist() == [0, 1, 255]
    _, wide = to_unit(np.array([0, 9], np.int64), 10)
    assert from_unit(np.array([1e30]), wide)[0] > 2**62
    _, half = to_unit(np.array([0, 6e4], np.float16))
    assert np.isfinite(from_unit(np.array([-2.0, 2.0]), half)).all()
    with pytest.raises(ValueError, match="NaN or infinite"):
        from_unit(np.array([np.nan]), span)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_keep_their_type_and_are_not_clipped(dtype):
    unit, span = to_unit(np.array([0.0, 0.25, 1.0], dtype))
    assert np.array_equal(unit, [0, 0.25, 1])
    back = from_unit(unit * 2, span)
    assert back.dtype == dtype
    assert np.array_equal(back, [0, 0.5, 2])


def test_bool():
    pixels = np.array([True, False])
    unit, span = to_unit(pixels)
    assert np.array_equal(from_unit(unit * 0.8 + 0.1, span), pixels)


@pytest.mark.parametrize(
    "bad", [0, -1, (1, 1), (2, 1), (0, 1, 2), float("nan"), "auto", (0, float("inf")), 1e308, (0, 1e-300)]
)
def test_bad_ranges(bad):
    with pytest.raises(ValueError, match=r"to_unit\(data_range="):
        to_unit(np.arange(3, dtype=np.uint8), bad)


def test_no_real_numbers():
    with pytest.raises(TypeError, match="complex"):
        to_unit(np.zeros(3, complex))


@pytest.mark.parametrize(
    ("pixels", "kind", "words"),
    [
        (np.zeros((0, 3)), ValueError, "it is empty"),
        (np.array([[0.0, 1.0], [np.nan, np.nan]]), ValueError, "2 of 4 values are NaN. Nothing is left"),
        (np.array([[*range(9), np.inf]]), ValueError, r"1 of 10 values are infinite, the first at index \(0, 9\)"),
        (np.array([[-1.7e308, 1.7e308]]), ValueError, "too far apart"),
        (np.array([1j, 2]), TypeError, "complex"),
        (np.array([None, 2]), TypeError, "object"),
        (np.array(["a"]), TypeError, "no measurements"),
        (np.full((4, 4), 7, np.uint8), ValueError, "all 16 values are 7"),
        (np.ones((1, 1)), ValueError, "all 1 values are 1"),
    ],
)
def test_refused_pixels(pixels, kind, words):
    with pytest.raises(kind, match=rf"^denoise\(image\): .*{words}"):
        check_pixels(pixels, "denoise(image)")


def test_sound_pixels_pass():
    check_pixels(np.array([[0, 1]], np.uint8), "x")
    check_pixels(np.array([[0, 1e30]], np.float32), "x")
