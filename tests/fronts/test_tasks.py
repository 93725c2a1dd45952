"""What each task asks of the methods: the operator, what is missing, and which part of the answer is given back."""

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve
from scipy.signal import convolve as convolved

import oneself
from oneself.operators import Downsample, Resize
from oneself.tasks.problems import deblurring, inpainting, super_resolution

from .pictures import PRIOR, colour, grey

LOPSIDED = np.array([[0, 1, 2], [0, 3, 4], [0, 0, 6]]) / 16  # turned over it is another
QUICK = {"device": "cpu", **PRIOR}


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image)[None, None]


@pytest.mark.parametrize(("boundary", "wrap"), [("unknown", False), ("circular", True)])
def test_deblurring_undoes_a_convolution(boundary, wrap):
    scene = grey(14, 17)
    expected = convolve(scene, LOPSIDED, mode="wrap") if wrap else convolved(scene, LOPSIDED, mode="valid")
    problem = deblurring(tensor(expected), torch.from_numpy(LOPSIDED), boundary)
    found = problem.physics.A(tensor(scene))
    assert torch.allclose(found, tensor(expected), atol=1e-6)
    assert problem.finish(tensor(scene)).shape == ((1, 1, 14, 17) if wrap else (1, 1, 12, 15))
    assert torch.equal(problem.finish(tensor(scene)), tensor(scene if wrap else scene[1:-1, 1:-1]))


def test_deblurring_volumes():
    scene = torch.from_numpy(grey(24, 40).reshape(8, 10, 12))[None, None]
    kernel = np.zeros((3, 3, 3))
    kernel[0, 1, 2] = 1
    problem = deblurring(scene[..., 1:-1, 1:-1, 1:-1], torch.from_numpy(kernel))
    expected = convolved(scene[0, 0].numpy(), kernel, mode="valid")
    assert torch.allclose(problem.physics.A(scene)[0, 0], torch.from_numpy(expected), atol=1e-6)


def test_a_mask_marks_what_is_missing():
    image = torch.from_numpy(colour(9, 11)).permute(2, 0, 1)[None] / 255
    missing = torch.zeros(9, 11, dtype=torch.bool)
    missing[2:4, 5] = True
    problem = inpainting(image, missing)
    seen = problem.physics.A(image)
    assert torch.equal(seen, problem.y)
    assert not seen[..., 2:4, 5].any()
    assert torch.equal(seen[..., ~missing], image[..., ~missing])


@pytest.mark.parametrize("hole", [np.nan, -9999.0, 0.5])
def test_what_is_missing_counts_for_nothing(hole):
    image, mask = colour(12, 14) / 255, np.zeros((12, 14), bool)
    mask[3:6, 4:9] = True
    expected = oneself.inpaint(image, mask, "dip", **QUICK)
    spoilt = image.copy()
    spoilt[mask] = hole
    assert np.array_equal(oneself.inpaint(spoilt, mask, "dip", **QUICK), expected)
    other = image.copy()
    other[0, 0] = 1 - other[0, 0]
    assert not np.array_equal(oneself.inpaint(other, mask, "dip", **QUICK), expected)


def test_masks_of_every_layout():
    image, mask = colour(12, 14), np.zeros((12, 14), bool)
    mask[3:6, 4:9] = True
    expected = oneself.inpaint(image, mask, "dip", **QUICK)
    all_channels = np.repeat(mask[..., None], 3, axis=2)
    as_tensor = torch.from_numpy(image).permute(2, 0, 1)[None]
    for made in (
        oneself.inpaint(image, mask.astype(np.uint8) * 255, "dip", **QUICK),
        oneself.inpaint(image, mask.astype(float), "dip", **QUICK),
        oneself.inpaint(image, mask.tolist(), "dip", **QUICK),
        oneself.inpaint(image, torch.from_numpy(mask), "dip", **QUICK),
        oneself.inpaint(image, all_channels, "dip", **QUICK),
        np.moveaxis(
            oneself.inpaint(np.moveaxis(image, 2, 0), np.moveaxis(all_channels, 2, 0), "dip", channel_axis=0, **QUICK),
            0,
            2,
        ),
        oneself.inpaint(as_tensor, mask, "dip", **QUICK)[0].permute(1, 2, 0).numpy(),
        oneself.inpaint(as_tensor, np.moveaxis(all_channels, 2, 0)[None], "dip", **QUICK)[0].permute(1, 2, 0).numpy(),
    ):
        assert np.array_equal(made, expected)
    one_channel = all_channels.copy()
    one_channel[..., 1:] = False
    assert not np.array_equal(oneself.inpaint(image, one_channel, "dip", **QUICK), expected)


def test_super_resolution_is_of_resampling_or_of_the_given_kernel():
    y = tensor(grey(8, 9))
    assert isinstance(super_resolution(y, 1.5).physics, Resize)
    assert super_resolution(y, (1.5, 2)).physics.A_adjoint(y).shape == (1, 1, 12, 18)
    physics = super_resolution(y, 2.0, torch.from_numpy(LOPSIDED)).physics
    assert isinstance(physics, Downsample)
    assert physics.scale == (2, 2)
    scene = grey(16, 18)
    expected = convolve(scene, LOPSIDED, mode="nearest")[::2, ::2]
    assert torch.allclose(physics.A(tensor(scene)), tensor(expected), atol=1e-6)


@pytest.mark.parametrize("scale", [2, 2.0, np.int64(2), np.float32(2), (2, 2.0), np.array([2.0, 2.0])])
def test_whole_scales_may_be_floats(scale):
    image = colour(12, 14)
    expected = oneself.super_resolve(image, 2, LOPSIDED, "dip", **QUICK)
    assert np.array_equal(oneself.super_resolve(image, scale, LOPSIDED, "dip", **QUICK), expected)


def test_a_kernel_may_be_of_any_type():
    image, kernel = colour(12, 14), np.zeros((3, 3), int)
    kernel[1, 1] = 1
    expected = oneself.deblur(image, kernel.astype(float), "dip", **QUICK)
    for given in (kernel, kernel.tolist(), torch.from_numpy(kernel), torch.from_numpy(kernel).double()):
        assert np.array_equal(oneself.deblur(image, given, "dip", **QUICK), expected)


def test_restore_inverts_any_operator():
    from deepinv.physics import Inpainting

    x = torch.from_numpy(colour(12, 14)).permute(2, 0, 1)[None] / 255
    mask = (torch.rand(3, 12, 14, generator=torch.Generator().manual_seed(0)) > 0.3).float()
    physics = Inpainting(img_size=(3, 12, 14), mask=mask)
    y = physics.A(x)
    expected = oneself.Run("dip", y, physics, device="cpu", **PRIOR).finish().image
    assert torch.equal(oneself.restore(y, physics, "dip", data_range=1.0, **QUICK), expected)
    result = oneself.restore(torch.cat([y, y]).double(), physics, data_range=1.0, **QUICK, full=True)[1]
    assert result.image.dtype == torch.float64
    assert torch.allclose(result.image.float(), expected)
    assert result.notes == ("dip: any linear operator: the structure of a network as prior",)


def test_what_is_known_stays_as_it_is_unless_it_is_to_be_restored():
    image, mask = colour(12, 14), np.zeros((12, 14), bool)
    mask[3:6, 4:9] = True
    kept = oneself.inpaint(image, mask, "dip", **QUICK)
    assert np.array_equal(kept[~mask], image[~mask])
    restored = oneself.inpaint(image, mask, "dip", known="restore", **QUICK)
    assert not np.array_equal(restored[~mask], image[~mask])
    assert np.array_equal(restored[mask], kept[mask])
    with pytest.raises(ValueError, match="'keep' or 'restore'"):
        oneself.inpaint(image, mask, "dip", known="guess", **QUICK)


def test_what_is_known_stays_in_every_picture_of_a_batch():
    batch = torch.rand(2, 1, 12, 14, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(12, 14, dtype=torch.bool)
    mask[3:6, 4:9] = True
    kept = oneself.inpaint(batch, mask, "dip", **QUICK)
    assert torch.equal(kept[..., ~mask], batch[..., ~mask])
