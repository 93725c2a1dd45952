"""The kernel between two pictures: found exactly, positive, drawn to what is given where the pictures do not tell."""

import pytest
import torch
from skimage import data

from oneself.operators import Downsample
from oneself.operators.kernels import gaussian_kernel
from oneself.tasks.estimation import fitted_kernel

X = torch.from_numpy(data.astronaut()[:96, 160:270].copy()).permute(2, 0, 1)[None] / 255
FIRST = gaussian_kernel(9, 1.0)


@pytest.mark.parametrize("scale", [2, 3])
def test_the_true_kernel_is_found(scale):
    truth = gaussian_kernel(9, (1.6, 0.9), 0.5, (-0.5, -0.2))
    kernel = fitted_kernel(X, Downsample(scale, truth).A(X), scale, FIRST, weight=1e-9)
    assert torch.allclose(kernel, truth, atol=1e-4)


def test_it_is_a_blur_whatever_the_picture():
    y = torch.rand(1, 3, 48, 55, generator=torch.Generator().manual_seed(0))
    kernel = fitted_kernel(X, y, 2, FIRST)
    assert float(kernel.min()) >= 0
    assert float(kernel.sum()) == pytest.approx(1, abs=1e-5)


def test_what_the_pictures_do_not_tell_stays():
    flat = torch.full_like(X, 0.5)
    assert torch.allclose(fitted_kernel(flat, flat[..., ::2, ::2], 2, FIRST), FIRST, atol=1e-4)
    drawn = fitted_kernel(X, Downsample(2, gaussian_kernel(9, 2.0)).A(X), 2, FIRST, weight=1e3)
    assert torch.allclose(drawn, FIRST, atol=1e-3)


def test_borders_do_not_count():
    """What lies beyond the edges is not known: circular here, and repeated in ``Downsample``."""
    truth = gaussian_kernel(9, 1.3)
    wide = torch.nn.functional.pad(X, [4] * 4, mode="circular")
    y = torch.nn.functional.conv2d(wide.flatten(0, 1)[:, None], truth.flip(0, 1)[None, None], stride=2)
    kernel = fitted_kernel(X, y.transpose(0, 1), 2, FIRST, weight=1e-9)
    assert torch.allclose(kernel, truth, atol=1e-4)


def test_a_picture_smaller_than_the_kernel_is_refused():
    with pytest.raises(ValueError, match=r"fitted_kernel\(near.shape=\(9, 9\)\): larger than the picture"):
        fitted_kernel(X[..., :8, :40], X[..., :4, :20], 2, FIRST)
