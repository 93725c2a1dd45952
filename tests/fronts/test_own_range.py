"""Pictures in units of their own: few of many values, counts, heights; NaN borders; what is told of it."""

import numpy as np
import pytest
import torch
from skimage import data

import oneself

from .pictures import PRIOR, colour, grey, white_noise

QUICK = {"device": "cpu", **PRIOR}


CLEAN = data.camera()[100:164, 180:244] / 255
NOISY = white_noise(CLEAN, 0.08)


@pytest.mark.parametrize(
    ("scale", "offset", "dtype"),
    [(200, 100, "uint16"), (4000, 0, "uint16"), (2000, -1000, "int16"), (0.005, 0, "float32"), (1e6, 3e5, "float64"),
     (60, 20, "uint8"), (1000, -500, "float32"), (70_000, 0, "int32")],
)  # fmt: skip
def test_noise_is_removed_in_any_units(scale, offset, dtype):
    clean, values = scale * CLEAN + offset, scale * NOISY + offset
    whole = np.dtype(dtype).kind in "ui"
    image = (np.rint(values).clip(np.iinfo(dtype).min) if whole else values).astype(dtype)
    found = oneself.denoise(image, device="cpu", passes=2)
    assert found.dtype == image.dtype
    left = np.std(found.astype(float) - clean) / np.std(image.astype(float) - clean)
    assert left < 0.6


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("nonlocal_wiener", {"passes": 1}),
        ("zs_n2n", {"steps": 2, "patch": None, "width": 4}),
        ("dip", {**PRIOR}),
    ],
)
def test_the_same_picture_shifted_in_sixteen_bits_is_the_same_to_the_last_bit(method, options):
    image = colour(24, 24).astype(np.uint16) + 1000
    one, other = (oneself.denoise(x, method, device="cpu", **options).astype(int) for x in (image, image + 100))
    assert np.array_equal(one + 100, other)


def test_a_hole_is_filled_with_values_of_the_picture():
    image = np.rint(200 * NOISY + 100).astype(np.uint16)
    hole = np.zeros(image.shape, bool)
    hole[16:26, 16:26] = True
    image[hole] = 65_535
    found = oneself.inpaint(image, hole, "dip", device="cpu", steps=40, width=8)
    assert np.array_equal(found[~hole], image[~hole])
    assert found[hole].min() > 20
    assert found[hole].max() < 340


def test_hot_pixels_do_not_hide_the_picture():
    image = np.rint(200 * NOISY + 100).astype(np.uint16)
    image[5, 9], image[30, 31] = 65_535, 65_000
    found = oneself.denoise(image, "dip", full=True, **QUICK)
    assert "values of " in found.notes[0]
    low, high = (float(word) for word in found.notes[0].split(" are ")[0].split("values of ")[1].split(" to "))
    assert low == np.sort(image, axis=None)[0]
    assert high == np.sort(image, axis=None)[-3]


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_a_border_without_values_stays_and_the_rest_is_restored_as_if_alone(hole):
    image = NOISY.copy()
    image[:, :7] = hole
    image[20, 20] = hole
    found = oneself.denoise(image, device="cpu", full=True, passes=2)
    missing = ~np.isfinite(image)
    assert np.array_equal(found.image[missing], image[missing], equal_nan=True)
    assert np.isfinite(found.image[~missing]).all()
    assert any("are NaN or infinite; they were left as they are" in note for note in found.notes)
    error = (found.image - CLEAN)[~missing].std()
    assert error < 0.6 * (image - CLEAN)[~missing].std()


def test_every_task_works_around_gaps():
    image = NOISY[:16, :18].copy()
    image[3:5, 4:6] = np.nan
    mask = np.zeros(image.shape, bool)
    mask[10:12, 10:12] = True
    filled = oneself.inpaint(image, mask, "dip", **QUICK)
    assert np.isfinite(filled[mask]).all()
    assert np.array_equal(np.isnan(filled), np.isnan(image))
    large = oneself.super_resolve(image, 2, device="cpu", steps=2)
    assert np.isnan(large).sum() == 4 * np.isnan(image).sum()
    sharp = oneself.deblur(image, np.ones((3, 3)) / 9, "dip", **QUICK)
    assert np.array_equal(np.isnan(sharp), np.isnan(image))
    batch = torch.from_numpy(np.stack([image, NOISY[:16, :18]]))[:, None]
    found = oneself.denoise(batch, "zs_n2n", device="cpu", steps=2, patch=None, width=4)
    assert torch.equal(torch.isnan(found), torch.isnan(batch))


def test_each_of_a_batch_has_a_range_of_its_own():
    one = torch.from_numpy(grey(16, 18))[None, None]
    batch = torch.cat([one, 300 * one + 7])
    found = oneself.denoise(batch, "dip", full=True, **QUICK)
    assert torch.allclose((found[1].image - 7) / 300, found[0].image, atol=1e-4)


def test_what_was_found_besides_the_image_is_in_its_units():
    settings = {"device": "cpu", "full": True, **PRIOR, "steps": 6, "descent": 2, "burn_in": 1}
    one = oneself.denoise(grey(16, 18), "dip_sgld", **settings).parts["uncertainty"]
    other = oneself.denoise(100 * grey(16, 18) - 30, "dip_sgld", **settings).parts["uncertainty"]
    assert torch.allclose(other / 100, one, rtol=1e-2, atol=1e-5)


def test_a_restored_measurement_may_have_any_range():
    from deepinv.physics import Tomography

    x = torch.from_numpy(grey(16, 16)).float()[None, None]
    physics = Tomography(angles=12, img_width=16, normalize=True, device="cpu")
    y = physics.A(x)
    one = oneself.restore(y, physics, "dip", **QUICK)
    with pytest.raises(ValueError, match=r"restore\(y\): .*Give data_range="):
        oneself.restore(1000 * y, physics, "dip", **QUICK)
    other = oneself.restore(1000 * y, physics, "dip", data_range=1000, **QUICK)
    assert torch.allclose(other / 1000, one, atol=1e-3)


def test_levels_beyond_the_picture_are_refused():
    with pytest.raises(ValueError, match="the picture has values of"):
        oneself.denoise(NOISY, sigma=1e5)
    with pytest.raises(ValueError, match="nothing would be left"):
        oneself.denoise(NOISY, data_range=1e23)


def test_three_planes_are_told_apart_from_colours():
    image = np.moveaxis(colour(16, 18), -1, 0).copy()
    with pytest.warns(UserWarning, match="taken for a volume of 3 slices. Say channel_axis=0"):
        oneself.denoise(image, "dip", **QUICK)
    oneself.denoise(image, "dip", channel_axis=0, **QUICK)
    oneself.denoise(image, "dip", channel_axis=None, **QUICK)
