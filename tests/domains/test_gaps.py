"""Places without a number: filled by a mirror while it is worked, and left as they were."""

import numpy as np
import pytest

from oneself.domains.gaps import check_pixels, close_gaps

IMAGE = np.arange(60.0).reshape(1, 6, 10)


def test_an_image_without_gaps_is_itself():
    assert close_gaps(IMAGE)[0] is IMAGE
    whole = np.arange(9, dtype=np.uint8).reshape(1, 3, 3)
    assert close_gaps(whole) == (whole, None)


def test_a_border_is_filled_by_its_mirror_image():
    image = IMAGE.copy()
    image[..., :3] = np.nan
    filled, gaps = close_gaps(image)
    assert np.array_equal(filled[..., :3], IMAGE[..., [6, 5, 4]])
    assert np.array_equal(filled[..., 3:], IMAGE[..., 3:])
    assert np.isnan(image[..., :3]).all()
    assert "18 values (30.0%)" in gaps.words()


def test_what_was_there_is_put_back():
    image = IMAGE.copy()
    image[0, 2, 3], image[0, 4, 4] = np.inf, np.nan
    filled, gaps = close_gaps(image)
    assert np.isfinite(filled).all()
    assert np.array_equal(gaps.put_back(filled + 1), np.where(np.isfinite(image), image + 1, image), equal_nan=True)
    large = gaps.put_back(np.zeros((1, 12, 20)))
    assert np.isnan(large[0, 4:6, 6:8]).all()
    assert np.isnan(large).sum() == 8


def test_a_channel_without_any_number_takes_the_others_middle():
    image = np.concatenate([IMAGE, np.full_like(IMAGE, np.nan)])
    filled, gaps = close_gaps(image)
    assert (filled[1] == np.median(IMAGE)).all()
    assert np.isnan(gaps.put_back(filled)[1]).all()


def test_gaps_pass_only_where_they_may():
    image = IMAGE.copy()
    image[0, 0] = np.nan
    check_pixels(image, "x", gaps=True)
    with pytest.raises(ValueError, match="10 of 60 values are NaN"):
        check_pixels(image, "x")
    image[:] = np.nan
    with pytest.raises(ValueError, match="Nothing is left"):
        check_pixels(image, "x", gaps=True)
