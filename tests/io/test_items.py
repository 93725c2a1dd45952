"""Axes, and the way from a picture to work items and back."""

from fractions import Fraction

import numpy as np
import pytest

from oneself.io import Metadata, Picture, PixelSize, Resolution, check_axes, join, split

SHAPES = [
    ("YX", (5, 7)),
    ("YXC", (5, 7, 3)),
    ("CYX", (2, 5, 7)),
    ("IYX", (4, 5, 7)),
    ("ZYX", (4, 5, 7)),
    ("TZCYX", (2, 3, 2, 5, 7)),
    ("TQYXC", (2, 3, 5, 7, 3)),
    ("XYZ", (7, 5, 4)),
    ("X", (9,)),
    ("CX", (2, 9)),
]


def picture(axes, shape):
    return Picture(np.arange(np.prod(shape), dtype=np.uint16).reshape(shape), axes)


@pytest.mark.parametrize(("axes", "shape"), SHAPES)
def test_join_undoes_split(axes, shape):
    given = picture(axes, shape)
    items = split(given)
    sizes = given.sizes
    counting = [a for a in axes if a not in "CZYX"]
    assert len(items) == np.prod([sizes[a] for a in counting], dtype=int)
    spatial = "".join(a for a in "ZYX" if a in axes)
    for item in items:
        assert item.axes == spatial
        assert item.pixels.shape == (sizes.get("C", 1), *(sizes[a] for a in spatial))
    back = join(given, [item.pixels for item in items])
    assert np.array_equal(back.pixels, given.pixels)
    assert back.axes == axes


def test_the_right_pixels_at_each_index():
    given = picture("TZCYX", (2, 3, 2, 5, 7))
    item = split(given)[1]
    assert item.index == (1,)
    assert np.array_equal(item.pixels[1], given.pixels[1, :, 1])


def test_join_refuses_other_numbers_channels_and_shapes():
    given = picture("IYXC", (2, 5, 7, 3))
    arrays = [item.pixels for item in split(given)]
    for bad in (arrays[:1], [], [a[:2] for a in arrays], [a[0] for a in arrays], [arrays[0], arrays[1][:, :4]]):
        with pytest.raises(ValueError, match=r"join\(restored="):
            join(given, bad)


def test_a_finer_grid_scales_what_depends_on_it():
    alpha = np.tile(np.linspace(0, 255, 8).astype(np.uint8), (6, 1))
    metadata = Metadata(
        resolution=Resolution(Fraction(300), Fraction(300), "inch"),
        pixel_size={"X": PixelSize(0.5, "µm"), "Y": PixelSize(0.6, "µm")},
    )
    given = Picture(np.zeros((6, 8, 3), np.uint8), "YXC", metadata=metadata, alpha=alpha)
    larger = join(given, [np.zeros((3, 12, 20), np.uint8)])
    assert larger.pixels.shape == (12, 20, 3)
    assert larger.metadata.resolution == Resolution(Fraction(750), Fraction(600), "inch")
    assert larger.metadata.pixel_size["X"].value == pytest.approx(0.2)
    assert larger.metadata.pixel_size["Y"].value == pytest.approx(0.3)
    assert larger.alpha.shape == (12, 20)
    assert larger.alpha.dtype == np.uint8
    assert (np.diff(larger.alpha[3].astype(int)) >= 0).all()
    assert larger.replace(given.pixels).metadata.resolution == metadata.resolution


def test_alpha_is_untouched_without_a_change_of_size():
    alpha = np.random.default_rng(0).integers(0, 256, (6, 8), dtype=np.uint8)
    given = Picture(np.zeros((6, 8), np.uint8), "YX", alpha=alpha)
    assert given.replace(np.ones((6, 8), np.uint8)).alpha is alpha


def test_sixteen_bit_alpha_of_a_volume_grows_along_three_axes():
    alpha = np.zeros((2, 4, 4), np.uint16)
    alpha[1] = 65535
    grown = Picture(np.zeros((2, 4, 4), np.uint16), "ZYX", alpha=alpha).replace(np.zeros((4, 8, 8), np.uint16))
    assert grown.alpha[:2].max() == 0
    assert grown.alpha[2:].min() == 65535


@pytest.mark.parametrize("shape", [(2, 5, 7), (5, 7), (3, 5, 7, 1)])
def test_replace_keeps_items_and_dimensions(shape):
    with pytest.raises(ValueError, match=r"Picture\.replace\(pixels\.shape="):
        picture("IYX", (3, 5, 7)).replace(np.zeros(shape, np.uint16))


@pytest.mark.parametrize(
    ("axes", "ndim", "words"),
    [
        ("YX", 3, "'YX'.*2 letters for an array of 3"),
        ("YYX", 3, "'YYX'.*twice for 3"),
        ("yx", 2, "letters A to Z"),
        ("YXS", 3, "samples are C"),
        ("TZC", 3, "Y and X must"),
        ("ZX", 2, "Y and X must"),
        ("C", 1, "Y and X must"),
    ],
)
def test_axes_are_checked(axes, ndim, words):
    with pytest.raises(ValueError, match=words):
        check_axes(axes, ndim)
