"""Kernels: cubic shrinking's is what Resize does, they are moved whole, and composed as shrinkings are."""

import pytest
import torch
import torch.nn.functional as F
from skimage import data

from oneself.operators import Downsample, Resize, check_kernel
from oneself.operators.kernels import centre_of_mass, composed, cubic_kernel, gaussian_kernel, moved, spread


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_cubic_kernel_is_what_resize_does(scale):
    x = torch.from_numpy(data.camera()[:120, 100:220].copy())[None, None] / 255
    kernel = cubic_kernel(scale, 8 * scale + 1)
    blurred = F.conv2d(x, kernel.flip(0, 1)[None, None], padding=4 * scale)[..., ::scale, ::scale]
    within = (..., slice(6, -6), slice(6, -6))
    assert torch.allclose(blurred[within], Resize(scale).A(x)[within], atol=2e-6)
    assert centre_of_mass(kernel) == pytest.approx([-(scale - 1) / 2] * 2, abs=1e-5)


def test_a_gaussian_has_its_widths_and_place():
    kernel = gaussian_kernel(25, (3.0, 1.5), 0.0, (-0.5, 1.0))
    assert float(kernel.sum()) == pytest.approx(1)
    assert spread(kernel) == pytest.approx((3.0, 1.5), rel=0.01)
    assert centre_of_mass(kernel) == pytest.approx((-0.5, 1.0), abs=1e-3)
    turned = gaussian_kernel(25, (3.0, 1.5), torch.pi / 2)
    assert spread(turned) == pytest.approx((1.5, 3.0), rel=0.01)


def test_moving_keeps_the_shape():
    kernel = moved(gaussian_kernel(13, 1.5), (-0.5, 0.25))
    assert torch.allclose(kernel, gaussian_kernel(13, 1.5, 0.0, (-0.5, 0.25)), atol=2e-3)
    assert centre_of_mass(kernel) == pytest.approx((-0.5, 0.25), abs=2e-3)
    assert float(kernel.sum()) == pytest.approx(1)
    assert float(kernel.min()) >= 0


@pytest.mark.parametrize("side", [3, 17, 33])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_a_kernel_whose_values_were_rounded_is_one_still(side, dtype):
    """33³ equal parts of 1, in 16 bits, have the sum 1.0017."""
    kernel = torch.full((side, side, side), 1 / side**3, dtype=dtype)
    assert float(check_kernel(kernel.float(), 3).double().sum()) == pytest.approx(1, abs=1e-5)
    with pytest.raises(ValueError, match=r"its sum is 1\.02"):
        check_kernel(1.02 * torch.full((3, 3), 1 / 9), 2)


@pytest.mark.parametrize("stride", [2, 3])
def test_two_shrinkings_are_one_by_the_composed_kernel(stride):
    x = torch.rand(1, 1, 108, 108, generator=torch.Generator().manual_seed(0))
    kernel = gaussian_kernel(7, (1.5, 0.9), 0.4, (-0.5, -0.2))
    once = Downsample(stride, kernel)
    both = Downsample(stride**2, composed(kernel, stride, 2))
    within = (..., slice(3, -3), slice(3, -3))
    assert torch.allclose(once.A(once.A(x))[within], both.A(x)[within], atol=1e-5)


def test_a_turned_gaussian_has_the_covariance_of_the_turned_axes():
    """Its first axis turned by 0.6 towards the second."""
    kernel = gaussian_kernel(31, (3.0, 1.5), 0.6).double()
    turn = torch.tensor([[0.6]], dtype=torch.float64)
    along = torch.cat([turn.cos(), turn.sin()])
    across = torch.cat([-turn.sin(), turn.cos()])
    expected = 9 * along @ along.T + 2.25 * across @ across.T
    steps = torch.arange(31, dtype=torch.float64) - 15
    places = torch.stack(torch.meshgrid(steps, steps, indexing="ij")).flatten(1)
    assert torch.allclose((kernel.flatten() * places) @ places.T, expected, rtol=0.01)


def test_what_leaves_the_frame_is_made_up_for():
    kernel = moved(gaussian_kernel(9, 2.0), (-1.5, 1.0))
    assert centre_of_mass(kernel) == pytest.approx((-1.5, 1.0), abs=5e-3)


def test_three_shrinkings_and_oblong_kernels():
    x = torch.rand(1, 1, 96, 96, generator=torch.Generator().manual_seed(0))
    kernel = torch.tensor([[0.1, 0.2, 0.0], [0.3, 0.1, 0.1], [0.0, 0.1, 0.1]])
    once, all_three = Downsample(2, kernel), Downsample(8, composed(kernel, 2, 3))
    within = (..., slice(2, -2), slice(2, -2))
    assert torch.allclose(once.A(once.A(once.A(x)))[within], all_three.A(x)[within], atol=1e-5)
    row = composed(torch.ones(1, 3), 2, 2)
    assert torch.equal(row, torch.tensor([[1.0, 1, 2, 1, 2, 1, 1]]))
