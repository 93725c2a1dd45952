"""Bad input ends in a clear error before the first step."""

from typing import Any

import numpy as np
import pytest
import torch

import oneself
from oneself.core.runner import StageRunner
from oneself.domains import IMAGE as IMAGE_DOMAIN

from .pictures import KERNEL, colour, grey

IMAGE = grey(16, 18)
MASK = IMAGE > 0.5
KNOWN_CORNER = np.pad(np.ones((8, 9), bool), ((8, 0), (9, 0)))


@pytest.fixture(autouse=True)
def _no_step_is_taken(monkeypatch):
    def advance(self: StageRunner) -> None:
        pytest.fail("a step was taken")

    monkeypatch.setattr(StageRunner, "advance", advance)


def with_pixel(value: Any, image: np.ndarray = IMAGE) -> np.ndarray:
    image = np.array(image, dtype=np.result_type(image, type(value)))
    image[3, 4] = value
    return image


BAD_IMAGES = [
    ("photo.png", TypeError, r"denoise\('photo.png'\): a path\. Read it first"),
    ([[0.1, 0.2], [0.3, 0.4]], TypeError, r"image=list\): not an image\. Give a numpy array"),
    (None, TypeError, "image=NoneType"),
    (IMAGE + 1j, TypeError, "complex values"),
    (torch.from_numpy(IMAGE + 1j)[None, None], TypeError, "complex values"),
    (IMAGE.astype(object), TypeError, "object values are no measurements"),
    (np.array([["a", "b"]] * 9), TypeError, "no measurements"),
    (np.ma.masked_array(IMAGE, MASK), TypeError, r"its mask would be lost\. Use inpaint"),
    (np.full((16, 18), np.nan), ValueError, "288 of 288 values are NaN. Nothing is left to restore"),
    (with_pixel(np.inf, np.full((16, 18), 0.5)), ValueError, "all 287 values are 0.5. Where all are the same"),
    (with_pixel(-1e308, with_pixel(0.0) * 1e308), ValueError, "too far apart"),
    (np.full((16, 18), 0.5), ValueError, r"all 288 values are 0\.5\. Where all are the same"),
    (np.zeros((16, 18, 3), np.uint8), ValueError, "Where all are the same nothing can be restored"),
    (np.zeros((0, 18)), ValueError, r"it is empty \(shape \(1, 0, 18\)\)"),
    (np.array([[0.5]]), ValueError, r"\(1, 1\) is too small to learn from"),
    (colour(1, 1), ValueError, r"\(1, 1\) is too small to learn from"),
    (IMAGE[:2, :2], ValueError, r"\(2, 2\) is too small"),
    (np.array(0.5), ValueError, "0 spatial axes"),
    (np.arange(288).reshape(16, 18) + 2**60, ValueError, "are not exact as floats. Subtract what they have in common"),
    (np.random.default_rng(0).random((4, 4, 4, 4)), ValueError, r"4 spatial axes, .* channel_axis="),
    (torch.from_numpy(IMAGE), ValueError, r"tensors are \(B, channels, \*spatial\)\. Add the axes"),
    (torch.zeros(0, 1, 16, 18), ValueError, "it is empty"),
    (torch.stack([torch.from_numpy(IMAGE)[None], torch.zeros(1, 16, 18)]), ValueError, r"image\[1\]\): all 288 values"),
]


@pytest.mark.parametrize(("image", "kind", "words"), BAD_IMAGES, ids=[words for *_, words in BAD_IMAGES])
def test_images_that_cannot_be_restored(image, kind, words):
    for method in ("auto", "zs_n2n"):
        with pytest.raises(kind, match=words):
            oneself.denoise(image, method)


def test_the_caller_is_named():
    for name, call in {
        "inpaint": lambda x: oneself.inpaint(x, KNOWN_CORNER),
        "deblur": lambda x: oneself.deblur(x, KERNEL),
        "super_resolve": lambda x: oneself.super_resolve(x, 2),
    }.items():
        for bad in (np.full((16, 18), np.nan), "photo.png", IMAGE + 1j, np.ones((16, 18))):
            with pytest.raises((TypeError, ValueError), match=rf"^{name}\("):
                call(bad)


@pytest.mark.parametrize("axis", [2, -3, 0.5, "last"])
def test_a_channel_axis_that_is_none(axis):
    with pytest.raises(ValueError, match=r"channel_axis=.*the image has 2 axes. Give -2 to 1, or None"):
        oneself.denoise(IMAGE, channel_axis=axis)


def test_tensors_have_their_channels_along_axis_1():
    with pytest.raises(ValueError, match="along axis 1"):
        oneself.denoise(torch.from_numpy(IMAGE)[None, None], channel_axis=-1)


@pytest.mark.parametrize("given", [0, -1, (1, 0), (0, np.nan), (0, 1, 2), "white"])
def test_a_data_range_that_is_none(given):
    with pytest.raises(ValueError, match=r"data_range=.*not a range"):
        oneself.denoise(IMAGE, data_range=given)


@pytest.mark.parametrize("sigma", [-0.1, 0, np.nan, np.inf])
def test_a_noise_level_that_is_none(sigma):
    with pytest.raises(ValueError, match=r"denoise\(sigma=.*\): not a noise level. Give a number above 0"):
        oneself.denoise(IMAGE, sigma=sigma)


@pytest.mark.parametrize("sigma", ["25", True, [0.1], 1j])
def test_a_noise_level_that_is_no_number(sigma):
    with pytest.raises(TypeError, match="not a number"):
        oneself.denoise(IMAGE, sigma=sigma)


def test_a_noise_level_that_the_method_cannot_use():
    with pytest.raises(ValueError, match=r"method='deep_decoder', sigma=…\): .*has no use for it. Leave sigma out"):
        oneself.denoise(IMAGE, "deep_decoder", sigma=0.1)


@pytest.mark.parametrize(
    ("mask", "kind", "words"),
    [
        (MASK[:8], ValueError, r"mask.shape=\(8, 18\)\): the image is \(16, 18\)"),
        (MASK[..., None], ValueError, r"mask.shape=\(16, 18, 1\)"),
        (np.zeros_like(MASK), ValueError, "it marks nothing as missing"),
        (np.ones_like(MASK), ValueError, "it marks everything as missing"),
        (np.where(MASK, np.nan, 0.0), ValueError, "NaN or infinite values"),
        (MASK * 1j, TypeError, "not a mask"),
        ("mask.png", TypeError, "not a mask"),
        (None, TypeError, "not a mask"),
    ],
)
def test_masks_that_mark_nothing_useful(mask, kind, words):
    with pytest.raises(kind, match=r"^inpaint\(.*" + words):
        oneself.inpaint(IMAGE, mask)


def test_one_mask_for_a_batch():
    batch = torch.from_numpy(np.stack([IMAGE, IMAGE])[:, None])
    masks = torch.from_numpy(np.stack([MASK, ~MASK])[:, None])
    with pytest.raises(ValueError, match="another mask for each of a batch"):
        oneself.inpaint(batch, masks)


@pytest.mark.parametrize("scale", [1, 1.0, 0.5, 0, -2, np.nan, np.inf, (1, 1), (0.5, 2)])
def test_scales_that_enlarge_nothing(scale):
    with pytest.raises(ValueError, match=r"^super_resolve\(scale=.*enlarges nothing. Give a finite number above 1"):
        oneself.super_resolve(IMAGE, scale)


@pytest.mark.parametrize("scale", ["2", None, (2, 2, 2), (), [[2, 2]]])
def test_scales_that_are_no_numbers_for_the_axes(scale):
    with pytest.raises(ValueError, match=r"^super_resolve\(scale=.*one number, or one for each of 2 axes"):
        oneself.super_resolve(IMAGE, scale)


def test_a_kernel_needs_whole_scales():
    with pytest.raises(ValueError, match=r"scale=\(1.5, 1.5\)\): one whole number"):
        oneself.super_resolve(IMAGE, 1.5, KERNEL)


@pytest.mark.parametrize(
    ("kernel", "kind", "words"),
    [
        (np.full((4, 4), 1 / 16), ValueError, "even-sized, so it has no middle. Pad it"),
        (np.full((3, 4), 1 / 12), ValueError, "even-sized"),
        (np.ones((3, 3)), ValueError, "its sum is 9, not 1. Divide it by its sum"),
        (np.zeros((3, 3)), ValueError, "its sum is 0, not 1"),
        (with_pixel(np.nan, np.full((5, 5), 1 / 25)), ValueError, "NaN, infinite or negative"),
        (with_pixel(-0.5, np.full((5, 5), 1 / 25)), ValueError, "NaN, infinite or negative"),
        (np.full(3, 1 / 3), ValueError, r"kernel\(shape=\(3,\)\): 1D"),
        (np.full((3, 3, 3), 1 / 27), ValueError, "3D"),
        (KERNEL * 1j, TypeError, "not a blur"),
        ("kernel.png", TypeError, "not a blur"),
    ],
)
def test_kernels_that_are_no_blurs(kernel, kind, words):
    for call in (lambda: oneself.deblur(IMAGE, kernel), lambda: oneself.super_resolve(IMAGE, 2, kernel)):
        with pytest.raises(kind, match="^(?=kernel).*" + words):
            call()


def test_a_kernel_larger_than_the_image():
    with pytest.raises(ValueError, match=r"kernel.shape=\(17, 17\)\): larger than the image \(16, 18\)"):
        oneself.deblur(IMAGE, np.full((17, 17), 1 / 289))


def test_signals_cannot_be_deblurred():
    with pytest.raises(ValueError, match=r"deblur\(image\): 1D"):
        oneself.deblur(IMAGE.ravel(), np.full(3, 1 / 3))


def test_an_unknown_boundary():
    with pytest.raises(ValueError, match=r"boundary='mirror'.*Give 'unknown' or 'circular'"):
        oneself.deblur(IMAGE, KERNEL, boundary="mirror")


def test_unknown_methods_and_options_are_told_from_the_closest():
    with pytest.raises(ValueError, match=r"method='zsn2n'.*Did you mean 'zs_n2n'"):
        oneself.denoise(IMAGE, "zsn2n")
    with pytest.raises(
        ValueError, match=f"no such method. Known: {', '.join(record.key for record in oneself.methods())}"
    ):
        oneself.denoise(IMAGE, "bm3d")
    with pytest.raises(TypeError, match=r"zs_n2n.*stepps.*Did you mean 'steps'"):
        oneself.denoise(IMAGE, "zs_n2n", stepps=3)
    with pytest.raises(TypeError, match=r"steps='3'\): wrong type. Give a whole number at least 1"):
        oneself.denoise(IMAGE, "zs_n2n", steps="3")
    with pytest.raises(ValueError, match=r"steps=0\): out of range"):
        oneself.denoise(IMAGE, "zs_n2n", steps=0)
    with pytest.raises(ValueError, match=r"preset='publised'.*Did you mean 'published'"):
        oneself.denoise(IMAGE, "zs_n2n", preset="publised")


def test_methods_of_other_tasks():
    able = ", ".join(
        record.key for record in oneself.methods() if "inpaint" in record.tasks and record.domain is IMAGE_DOMAIN
    )
    with pytest.raises(ValueError, match=rf"inpaint\(method='zs_n2n'\): .* does denoise. Use one of {able}\."):
        oneself.inpaint(IMAGE, MASK, "zs_n2n")
    with pytest.raises(ValueError, match=r"denoise\(method='zssr'"):
        oneself.denoise(IMAGE, "zssr")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"device": "tpu"}, "device='tpu'.*Give 'cpu'"),
        ({"device": "meta"}, "device='meta'"),
        ({"precision": "int8"}, "precision='int8'"),
        ({"seconds": 0}, "seconds=0.*must be above 0"),
        ({"seconds": -1.0}, "must be above 0"),
        ({"seconds": float("nan")}, "must be above 0"),
    ],
)
def test_settings_that_cannot_be(settings, words):
    with pytest.raises(ValueError, match=words):
        oneself.denoise(IMAGE, "zs_n2n", **settings)


def test_too_small_for_the_method():
    with pytest.raises(
        ValueError, match=r"zs_n2n\(y.shape=\(1, 1, 7, 9\)\): too small. At least 10 elements.*or use method='dip'"
    ):
        oneself.denoise(grey(7, 9), "zs_n2n")
    with pytest.raises(ValueError, match=r"zssr\(y.shape=\(1, 1, 3, 5\)\): too small to learn from"):
        oneself.super_resolve(grey(3, 5), 2)


@pytest.mark.parametrize(
    ("y", "kind", "words"),
    [
        (IMAGE, TypeError, r"restore\(y=ndarray\): not a tensor"),
        (torch.zeros(16, 18), ValueError, "no measurement"),
        (torch.zeros(0, 1, 16, 18), ValueError, "no measurement"),
        (torch.zeros(1, 1, 16, 18, dtype=torch.uint8), TypeError, "not real floating point"),
        (torch.from_numpy(with_pixel(np.nan))[None, None], ValueError, "NaN or infinite"),
        (torch.zeros(1, 1, 2, 2, 2, 2), ValueError, "1D or 2D or 3D"),
    ],
)
def test_measurements_that_cannot_be_inverted(y, kind, words):
    with pytest.raises(kind, match=words):
        oneself.restore(y, oneself.core.Identity())


def test_operators_that_cannot_be_inverted():
    y = torch.from_numpy(IMAGE)[None, None].float()

    class Deaf:
        def A(self, x: torch.Tensor) -> torch.Tensor:
            return x

    class Wide(Deaf):
        def A_adjoint(self, y: torch.Tensor) -> torch.Tensor:
            return torch.cat([y, y], dim=-1)

    with pytest.raises(TypeError, match=r"dip\(physics=Deaf\): .*A_adjoint, and Deaf has none"):
        oneself.restore(y, Deaf())
    with pytest.raises(ValueError, match=r"makes measurements of shape \(1, 1, 16, 36\)"):
        oneself.restore(y, Wide())
    with pytest.raises(TypeError, match="needs the operator's A,"):
        oneself.restore(y, "blur")
    with pytest.raises(TypeError, match=r"restore\(physics=None\): no operator"):
        oneself.restore(y, None)


def test_operators_that_a_denoiser_would_ignore():
    from oneself.testing import Blur, Mask, Scaled

    y = torch.from_numpy(IMAGE)[None, None].float()
    known = torch.from_numpy(~MASK)[None, None].float()
    identity = oneself.core.Identity()
    for method, physics, words in [
        ("zs_n2n", Scaled(identity, 0.5), "Scaled.*does more than .*can only denoise. Use a method that can restore"),
        ("zs_n2n", Blur(), "Blur"),
        ("zs_n2n", Mask(known), "Mask.*drops elements.*can only denoise. Use a method that can inpaint"),
        ("self2self", Scaled(Mask(known), 2.0), "Scaled.*can only denoise or inpaint"),
        ("self2self", Blur(), "Blur"),
    ]:
        with pytest.raises(ValueError, match=rf"^{method}\(physics=" + words):
            oneself.Run(method, y, physics, device="cpu")
    assert oneself.Run("zs_n2n", y, Mask(torch.ones_like(y)), device="cpu")
    assert oneself.Run("self2self", y, Mask(known), device="cpu")
