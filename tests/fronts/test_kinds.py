"""Arrays in, arrays out; tensors in, tensors out: kind, shape, dtype, axes and range are kept."""

from typing import Any

import numpy as np
import pytest
import torch

import oneself
from oneself.core import Result
from oneself.domains.ranges import measured_range

from .pictures import FAST, KERNEL, PRIOR, colour, grey

DTYPES = [np.uint8, np.uint16, np.int16, np.float16, np.float32, np.float64, np.bool_]


def denoise(image: Any, **options: Any) -> Any:
    return oneself.denoise(image, "zs_n2n", device="cpu", **{**FAST, **options})


def as_dtype(image: np.ndarray, dtype: type) -> np.ndarray:
    """An image in [0, 1] in the range of a type."""
    kind = np.dtype(dtype).kind
    if kind in "ui":
        limits = np.iinfo(dtype)
        return np.rint(image * (float(limits.max) - limits.min) + limits.min).astype(dtype)
    return (image > 0.5) if kind == "b" else image.astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_keep_dtype_shape_and_range(dtype):
    image = as_dtype(grey(16, 18), dtype)
    made = denoise(image)
    assert type(made) is np.ndarray
    assert made.dtype == dtype
    assert made.shape == (16, 18)
    low, high = (np.iinfo(dtype).min, np.iinfo(dtype).max) if np.dtype(dtype).kind in "ui" else (0, 1)
    unit = (image.astype(np.float64) - low) / (high - low)
    expected = denoise(unit) * (float(high) - low) + low
    expected = expected >= 0.5 if dtype is np.bool_ else np.clip(expected, low, high)
    step = 1 if np.dtype(dtype).kind in "ui" else 2e-3
    assert np.abs(made.astype(np.float64) - expected).max() <= step


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.uint16, torch.float16, torch.bfloat16, torch.float32, torch.float64]
)
def test_tensors_keep_dtype_and_shape(dtype):
    array = grey(16, 18)
    image = torch.from_numpy(array)[None, None]
    image = image.to(dtype) if dtype.is_floating_point else torch.from_numpy(as_dtype(array, np.dtype(str(dtype)[6:])))
    made = denoise(image.reshape(1, 1, 16, 18))
    assert isinstance(made, torch.Tensor)
    assert made.dtype == dtype
    assert made.shape == (1, 1, 16, 18)
    high = 1 if dtype.is_floating_point else torch.iinfo(dtype).max
    expected = denoise(image.reshape(16, 18).double().numpy() / high) * high
    step = 1 if high > 1 else 1e-2
    assert np.abs(made[0, 0].double().numpy() - expected).max() <= step


def test_an_array_and_a_tensor_give_the_same_numbers():
    image = colour(16, 18) / 255
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None]
    assert np.array_equal(denoise(tensor)[0].permute(1, 2, 0).numpy(), denoise(image))


def test_the_image_is_what_a_run_makes_of_it():
    image = colour(16, 18)
    low, high = measured_range(image)
    y = torch.from_numpy((image - low) / (high - low)).float().permute(2, 0, 1)[None]
    answer = oneself.Run("zs_n2n", y, device="cpu", seed=4, **FAST).finish().image
    expected = np.clip(np.rint(answer[0].permute(1, 2, 0).numpy().astype(np.float64) * (high - low) + low), 0, 255)
    assert np.array_equal(denoise(image, seed=4), expected.astype(np.uint8))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_the_channels_may_be_along_any_axis(axis):
    image = colour(16, 18)
    made = denoise(np.moveaxis(image, 2, axis), channel_axis=axis)
    assert np.array_equal(np.moveaxis(made, axis, 2), denoise(image, channel_axis=2))


def test_channels_are_inferred_where_the_last_of_three_axes_is_short():
    image = colour(16, 18)
    assert np.array_equal(denoise(image), denoise(image, channel_axis=-1))
    assert not np.array_equal(denoise(image[:12, :12]), denoise(image[:12, :12, :1].repeat(12, 2)))
    volume = np.stack([grey(12, 14)] * 12)
    assert np.array_equal(denoise(volume), denoise(volume, channel_axis=None))
    five = np.concatenate([image, image[..., :2]], axis=2)
    assert denoise(five, channel_axis=2).shape == (16, 18, 5)


def test_signals_and_volumes():
    signal = grey(30, 40).ravel()
    assert denoise(signal).shape == (1200,)
    assert denoise(grey(30, 40).reshape(10, 10, 12)).shape == (10, 10, 12)
    films = np.stack([colour(12, 12)] * 12)
    assert denoise(films, channel_axis=-1).shape == (12, 12, 12, 3)


def test_a_given_range_scales_and_values_beyond_it_survive():
    image = grey(16, 18)
    image[3, 4] = 1.25
    plain = denoise(image, data_range=1.0)
    moved = denoise(image * 1000 + 100, data_range=(100, 1100))
    assert moved == pytest.approx(plain * 1000 + 100, abs=0.05)
    assert plain.max() > 1
    twelve = np.rint(grey(16, 18) * 4095).astype(np.uint16)
    assert np.abs(denoise(twelve) - denoise(twelve / 4095) * 4095).max() <= 1


def test_memory_layout_counts_for_nothing_and_inputs_stay_as_they_are():
    image = colour(18, 16)
    turned = np.ascontiguousarray(image.transpose(1, 0, 2)).transpose(1, 0, 2)
    turned.setflags(write=False)
    before = image.copy()
    assert np.array_equal(denoise(turned), denoise(image))
    assert np.array_equal(denoise(turned[::-1]), denoise(image[::-1].copy()))
    assert np.array_equal(image, before)
    tensor = torch.from_numpy(image / 255).permute(2, 0, 1)[None].requires_grad_()
    assert not denoise(tensor).requires_grad
    big_endian = image[..., 0].astype(">u2")
    assert denoise(big_endian).dtype == big_endian.dtype


@pytest.mark.parametrize("size", [(17, 23), (11, 31), (13, 13)])
def test_prime_sizes(size):
    assert denoise(grey(*size)).shape == size
    assert oneself.inpaint(grey(*size), grey(*size) > 0.6, "dip", device="cpu", **PRIOR).shape == size
    assert oneself.deblur(grey(*size), KERNEL, "dip", device="cpu", **PRIOR).shape == size
    assert oneself.super_resolve(grey(*size), 2, device="cpu", steps=2).shape == tuple(2 * n for n in size)


def test_three_by_five_is_restored():
    image = grey(40, 40)[18:21, 10:15]
    assert oneself.denoise(image, device="cpu").shape == (3, 5)
    assert oneself.inpaint(image, image > image.mean(), device="cpu", steps=2).shape == (3, 5)


def test_every_task_keeps_kind_and_type():
    image, mask = colour(16, 18), np.zeros((16, 18), bool)
    mask[4:6, 3:9] = True
    quick = {"device": "cpu", **PRIOR}
    for made, size in [
        (oneself.inpaint(image, mask, "dip", **quick), (16, 18, 3)),
        (oneself.deblur(image, KERNEL, "dip", **quick), (16, 18, 3)),
        (oneself.super_resolve(image, 1.5, method="dip", **quick), (24, 27, 3)),
        (oneself.super_resolve(image, 2, KERNEL, "dip", **quick), (32, 36, 3)),
        (oneself.super_resolve(image, (1, 2), device="cpu", steps=2), (16, 36, 3)),
    ]:
        assert made.dtype == np.uint8
        assert made.shape == size


def test_same_seed_same_bits():
    image = colour(16, 18)
    assert np.array_equal(denoise(image, seed=3), denoise(image, seed=3))
    assert not np.array_equal(denoise(image / 255, seed=3), denoise(image / 255, seed=4))


def test_a_batch_of_tensors_is_restored_one_by_one():
    one, other = (torch.from_numpy(grey(16, 18)[None, None]), torch.from_numpy(grey(16, 18)[None, None, ::-1].copy()))
    batch = denoise(torch.cat([one, other]))
    assert torch.equal(batch, torch.cat([denoise(one), denoise(other)]))
    results = denoise(torch.cat([one, other]), full=True)
    assert [type(result) for result in results] == [Result, Result]
    assert torch.equal(torch.cat([result.image for result in results]), batch)


def test_full_gives_what_is_needed_to_trust_and_repeat_it():
    image = colour(16, 18)
    result = denoise(image, full=True, seed=7, steps=3)
    assert np.array_equal(result.image, denoise(image, seed=7, steps=3))
    assert (result.method, result.seed, result.steps, result.device) == ("zs_n2n", 7, 3, "cpu")
    assert result.options["width"] == 4
    assert set(result.history) == {"pair", "consistency"}
    assert all(len(trace) == 3 for trace in result.history.values())
    assert "3 steps" in result.stopped_by
    assert result.notes == ("zs_n2n: as asked",)
    assert "Mansour" in result.cite
    assert result.versions["torch"] == torch.__version__
    assert result.seconds > 0


def test_the_level_of_the_noise_is_in_the_images_units():
    image = grey(16, 18)
    low, high = measured_range(image)
    for given, sigma, settings in [
        (image, 0.1, {}),
        (as_dtype(image, np.uint8), 25.5, {}),
        (as_dtype(image, np.uint16), 6553.5, {}),
        (image * 1000 + 100, 100, {}),
        (torch.from_numpy(as_dtype(image, np.uint8))[None, None], 25.5, {}),
        (image, 0.1 * np.ptp(image), {"data_range": 1.0}),
    ]:
        result = denoise(given, sigma=sigma, full=True, **settings)
        expected = 0.1 * np.ptp(image) if settings else 0.1 / (high - low)
        assert result.options["sigma"] == pytest.approx(expected, 1e-2)
    assert denoise(image, full=True).options["sigma"] is None


def test_a_method_may_be_given_itself():
    record = next(record for record in oneself.methods() if record.key == "zs_n2n")
    image = grey(16, 18)
    result = oneself.denoise(image, record, device="cpu", full=True, **FAST)
    assert np.array_equal(result.image, denoise(image))
    assert result.notes == ("zs_n2n: as asked",)


def test_the_time_allowed_is_kept():
    image = grey(32, 32)
    result = oneself.denoise(image, "dip", device="cpu", seconds=1.0, full=True, steps=100_000, start=100_000)
    assert result.image.shape == image.shape
    assert result.steps < 100_000
    assert result.seconds < 5
