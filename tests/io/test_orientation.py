"""Pixels as they are shown, against Pillow's own turning."""

from fractions import Fraction

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from oneself import io
from oneself.io.orientation import shown, stored

PIXELS = np.random.default_rng(0).integers(0, 255, (5, 7, 3), np.uint8)


def photograph(path, tag, **settings):
    exif = Image.Exif()
    exif[274] = tag
    Image.fromarray(PIXELS).save(path, exif=exif, **settings)
    return path


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_items_are_as_pillow_shows_them(tmp_path, tag, ending):
    path = photograph(tmp_path / f"a.{ending}", tag)
    picture = io.read(path)
    assert picture.orientation == tag
    seen = np.asarray(ImageOps.exif_transpose(Image.open(path)))
    (item,) = io.split(picture)
    assert np.array_equal(np.moveaxis(item.pixels, 0, -1), seen)
    assert np.array_equal(io.join(picture, [item.pixels]).pixels, picture.pixels)
    whole = io.upright(picture)
    assert np.array_equal(whole.pixels, seen)
    assert whole.orientation == 1
    io.write(whole, tmp_path / f"b.{ending}")
    assert np.array_equal(np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / f"b.{ending}"))), seen)


@pytest.mark.parametrize("tag", range(1, 9))
def test_storing_undoes_showing(tag):
    assert np.array_equal(stored(shown(PIXELS[..., 0], tag), tag), PIXELS[..., 0])


@pytest.mark.parametrize("tag", [0, 9, 77])
def test_an_orientation_that_is_none_turns_nothing(tmp_path, tag):
    assert io.read(photograph(tmp_path / "a.png", tag)).orientation == 1


def test_sizes_and_densities_turn_along(tmp_path):
    picture = io.read(photograph(tmp_path / "a.jpg", 6, dpi=(100, 200)))
    assert io.upright(picture).metadata.resolution[:2] == (Fraction(200), Fraction(100))


def test_a_stack_is_turned_page_by_page(tmp_path):
    pages = np.random.default_rng(0).integers(0, 99, (4, 5, 7), np.uint8)
    tifffile.imwrite(
        tmp_path / "s.tif",
        pages,
        extratags=[(274, "H", 1, 8, True)],
        photometric="minisblack",
        metadata={"axes": "ZYX"},
    )
    picture = io.read(tmp_path / "s.tif")
    items = io.split(picture)
    assert items[0].pixels.shape[-2:] == (7, 5)
    assert np.array_equal(io.join(picture, [item.pixels for item in items]).pixels, picture.pixels)
