"""Unit range and back, and pixels that are refused."""

import numpy as np
import pytest

from oneself.data import check_pixels, from_unit, to_unit


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


def test_twelve_bits_in_sixteen_are_scaled_by_type_or_as_told():
    pixels = np.arange(4096, dtype=np.uint16)
    assert to_unit(pixels)[0].max() == np.float32(4095 / 65535)
    unit, span = to_unit(pixels, 4095)
    assert unit.max() == 1
    assert np.array_equal(from_unit(unit, span), pixels)


@pytest.mark.parametrize("dtype", ["uint32", "int32", "int64", "uint64"])
def test_wide_integers_need_a_range(dtype):
    pixels = np.arange(0, 2**22, 1001).astype(dtype)
    with pytest.raises(ValueError, match=r"from 0 to .* Pass data_range="):
        to_unit(pixels)
    assert np.array_equal(from_unit(*to_unit(pixels, (0, 2**22))), pixels)


def test_values_beyond_a_given_range_survive():
    pixels = np.array([0, 100, 200, 255], np.uint8)
    assert np.array_equal(from_unit(*to_unit(pixels, (50, 150))), pixels)


def test_rounding_and_clipping():
    _, span = to_unit(np.array([0, 255], np.uint8))
    assert from_unit(np.array([-0.3, 0.5 / 255 + 1e-4, 1.7]), span).tolist() == [0, 1, 255]
    _, wide = to_unit(np.array([0, 9], np.int64), 10)
    assert from_unit(np.array([1e30]), wide)[0] > 2**62
    with pytest.raises(ValueError, match="NaN or infinite"):
        from_unit(np.array([np.nan]), span)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_keep_their_type_and_are_not_clipped(dtype):
    unit, span = to_unit(np.array([0.0, 0.25, 1.0], dtype))
    assert np.array_equal(unit, [0, 0.25, 1])
    back = from_unit(unit * 2, span)
    assert back.dtype == dtype
    assert np.array_equal(back, [0, 0.5, 2])


def test_floats_of_unknown_range_are_refused():
    with pytest.raises(ValueError, match=r"from -1 to 3\.5 .*data_range=.*--data-range"):
        to_unit(np.array([-1.0, 3.5]))
    unit, span = to_unit(np.array([-1.0, 3.5]), (-1, 3.5))
    assert np.array_equal(unit, [0, 1])
    assert np.array_equal(from_unit(unit, span), [-1, 3.5])


def test_bool():
    pixels = np.array([True, False])
    unit, span = to_unit(pixels)
    assert np.array_equal(from_unit(unit * 0.8 + 0.1, span), pixels)


@pytest.mark.parametrize("bad", [0, -1, (1, 1), (2, 1), (0, 1, 2), float("nan"), "auto", (0, float("inf"))])
def test_bad_ranges(bad):
    with pytest.raises(ValueError, match=r"to_unit\(data_range="):
        to_unit(np.zeros(3, np.uint8), bad)


def test_no_real_numbers():
    with pytest.raises(TypeError, match="complex"):
        to_unit(np.zeros(3, complex))


@pytest.mark.parametrize(
    ("pixels", "kind", "words"),
    [
        (np.zeros((0, 3)), ValueError, "no pixels"),
        (np.array([[0.0, 1.0], [np.nan, np.nan]]), ValueError, r"2 of 4 values are NaN, the first at index \(1, 0\)"),
        (np.array([[0.0, np.inf]]), ValueError, r"1 of 2 values are infinite, the first at index \(0, 1\)"),
        (np.array([1j, 2]), TypeError, "complex"),
        (np.array([None, 2]), TypeError, "object"),
        (np.array(["a"]), TypeError, "no pixels"),
        (np.full((4, 4), 7, np.uint8), ValueError, "all 16 pixels are 7"),
        (np.ones((1, 1)), ValueError, "constant"),
    ],
)
def test_refused_pixels(pixels, kind, words):
    with pytest.raises(kind, match=rf"^denoise\(image\): .*{words}"):
        check_pixels(pixels, "denoise(image)")


def test_sound_pixels_pass():
    check_pixels(np.array([[0, 1]], np.uint8), "x")
    check_pixels(np.array([[0, 1e30]], np.float32), "x")
