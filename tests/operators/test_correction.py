"""The correction filter: nothing to do for the cubic kernel, exact where it can be, and what it is for."""

import math

import pytest
import torch
import torch.nn.functional as F
from skimage import data

import oneself
from oneself.core import Run
from oneself.operators import CorrectionFilter, Downsample, Resize
from oneself.operators.kernels import cubic_kernel, gaussian_kernel
from oneself.recipes.super_resolution.zssr import zssr

X = torch.from_numpy(data.astronaut()[:128, 160:288].copy()).permute(2, 0, 1)[None] / 255
KERNELS = [(1.0, 0.0), (1.8, 0.0), ((2.4, 1.0), 0.6)]
QUICK = {"width": 16, "layers": 4, "crop": 32, "steps": 80}


def psnr(x):
    within = (..., slice(6, -6), slice(6, -6))
    return -10 * math.log10(float((x - X)[within].square().mean()))


@pytest.mark.parametrize("scale", [2, 3])
def test_the_cubic_kernel_needs_no_correction(scale):
    correction = CorrectionFilter(scale, gaussian_kernel(3, 1.0))
    correction.kernel = cubic_kernel(scale, 4 * scale + 1, torch.float64)
    assert torch.allclose(correction.response((40, 33)), torch.ones(40, 33, dtype=torch.complex128), atol=1e-9)


def test_what_cubic_can_tell_is_corrected_exactly():
    """x = Bᵀz, wrapped round: h * (k * x)↓ = (b * x)↓."""
    kernel, cubic = gaussian_kernel(9, 0.8, 0.0, (-0.5, -0.3)).double(), cubic_kernel(2, 9, torch.float64)
    z = torch.rand(1, 1, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    apart = torch.zeros(1, 1, 64, 64, dtype=torch.float64)
    apart[..., ::2, ::2] = z

    def around(x, weights):
        return F.conv2d(F.pad(x, [4] * 4, mode="circular"), weights[None, None])

    x = around(apart, cubic)  # correlation with b: the transpose of convolving with it
    seen, wanted = (around(x, k.flip(0, 1))[..., ::2, ::2] for k in (kernel, cubic))
    response = CorrectionFilter(2, kernel, ridge=0.0).response((32, 32))
    assert torch.allclose(torch.fft.ifft2(torch.fft.fft2(seen) * response).real, wanted, atol=1e-8)


@pytest.mark.parametrize(("widths", "angle"), KERNELS)
def test_it_helps_plain_enlargement(widths, angle):
    kernel = gaussian_kernel(13, widths, angle, (-0.5, -0.5))
    y = (Downsample(2, kernel).A(X) * 255).round() / 255
    made = CorrectionFilter(2, kernel)(y)
    assert made.shape == y.shape
    assert psnr(Resize(2).enlarge(made)) > psnr(Resize(2).enlarge(y)) + 1
    left = [(small - Resize(2).A(X))[..., 4:-4, 4:-4].square().mean() for small in (made, y)]
    assert float(left[0]) < 0.3 * float(left[1])


def test_it_helps_a_network_made_for_cubic_shrinking():
    kernel = gaussian_kernel(13, 1.8, 0.0, (-0.5, -0.5))
    y = (Downsample(2, kernel).A(X) * 255).round() / 255
    plain, corrected = (
        psnr(Run(zssr, small, Resize(2), device="cpu", **QUICK).finish().image)
        for small in (y, CorrectionFilter(2, kernel)(y))
    )
    assert corrected > plain + 1


def test_it_undoes_the_displacement_of_direct_sampling():
    kernel = gaussian_kernel(13, 1.4)
    y = Downsample(2, kernel).A(X)
    assert psnr(Resize(2).enlarge(CorrectionFilter(2, kernel)(y))) > psnr(Resize(2).enlarge(y)) + 2


def test_the_front_door_corrects_blindly():
    kernel = gaussian_kernel(13, 1.8, 0.0, (-0.5, -0.5))
    y = (Downsample(2, kernel).A(X)[0].permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    made = oneself.correct(y, 2)
    assert made.shape == y.shape
    assert made.dtype == y.dtype
    enlarged = [Resize(2).enlarge(torch.from_numpy(a).permute(2, 0, 1)[None] / 255) for a in (y, made)]
    assert psnr(enlarged[1]) > psnr(enlarged[0]) + 1


def test_a_super_resolver_that_knows_the_scene_tells_the_kernel():
    """Whatever it is given, it returns the true picture: from then on the correction is the true kernel's."""
    kernel = gaussian_kernel(13, (2.2, 1.2), 0.4, (-0.5, -0.5))
    y = Downsample(2, kernel).A(X)
    known, one, three = (
        oneself.correct(y, 2, *given)
        if isinstance(given, list)
        else oneself.correct(y, 2, super_resolver=lambda small: X, rounds=given)
        for given in ([kernel], 1, 3)
    )
    blind = oneself.correct(y, 2)
    gaps = [float((made - known).norm()) for made in (blind, one, three)]
    assert gaps[1] < 0.3 * gaps[0]
    assert gaps[2] <= gaps[1]


def test_what_is_enlarged_may_overshoot():
    y = Resize(2).A(X).clamp(0, 1)
    made = oneself.correct(y, 2, super_resolver=lambda small: Resize(2).enlarge(small) * 1.2 - 0.05, rounds=1)
    assert made.shape == y.shape


def test_the_super_resolver_is_given_the_picture_as_it_came():
    y = (Resize(2).A(X)[0].permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    seen = []

    def enlarge(small):
        seen.append((small.shape, small.dtype))
        return small.repeat(2, 0).repeat(2, 1)

    made = oneself.correct(y, 2, super_resolver=enlarge, rounds=2)
    assert seen == [(y.shape, y.dtype)] * 2
    assert (made.shape, made.dtype) == (y.shape, y.dtype)


@pytest.mark.parametrize("scale", [2, 3])
def test_corrected_and_enlarged_is_what_cubic_shrinking_would_have_given(scale):
    """Against the pseudo-inverse of cubic shrinking, of a picture that it can tell: x = Bᵀz."""
    kernel = gaussian_kernel(13, 0.5 * scale, 0.0, [-(scale - 1) / 2] * 2)
    z = torch.rand(1, 1, 24, 24, generator=torch.Generator().manual_seed(0))
    x = Resize(scale).A_adjoint(torch.nn.functional.interpolate(z, size=(48, 48), mode="bicubic"))
    y, wanted = Downsample(scale, kernel).A(x), Resize(scale).A(x)
    made = oneself.correct(y, scale, kernel, ridge=1e-6, data_range=(0, 1))
    enlarged = [Resize(scale).enlarge(small)[..., 24:-24, 24:-24] for small in (made, wanted)]
    assert torch.allclose(*enlarged, atol=2e-3 * float(wanted.std()))
    plain = Resize(scale).enlarge(y)[..., 24:-24, 24:-24]
    assert float((plain - enlarged[1]).abs().max()) > 0.02 * float(wanted.std())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CorrectionFilter(1.5, gaussian_kernel(3, 1.0)), "must be whole"),
        (lambda: CorrectionFilter(2, gaussian_kernel(3, 1.0)[:2]), "even-sized"),
        (lambda: CorrectionFilter(2, gaussian_kernel(3, 1.0), ridge=-1), "below 0"),
        (lambda: oneself.correct(data.camera()[0], 2), "1D"),
        (lambda: oneself.correct(data.camera()[:8, :8], 2, gaussian_kernel(17, 3.0)), "larger than the enlarged"),
        (lambda: oneself.correct(data.camera()[:40, :40], 2.5, gaussian_kernel(3, 1.0)), "whole"),
        (lambda: oneself.correct(data.camera()[:40, :40], 2, ridge=-1), r"correct\(ridge=-1\): below 0"),
        (lambda: oneself.correct(data.camera()[:12, :40], 2), "too small to be compared with its own smaller copy"),
        (lambda: oneself.correct(X, 2, gaussian_kernel(3, 1.0), super_resolver=torch.abs), "the kernel is given"),
        (lambda: oneself.correct(X, 2, super_resolver=torch.abs, rounds=0), r"rounds=0\): fewer than 1"),
        (lambda: oneself.correct(X, 2, super_resolver=torch.abs), r"super_resolver\): made \(1, 3, 128, 128\)"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_ridge_by_the_operators_themselves():
    """n = 4 B Bᵀ and d = 4 K Bᵀ of a point, wrapped round; (n d̄ + ridge) / (|d|² + ridge)."""
    kernel, cubic = gaussian_kernel(9, 1.6, 0.3, (-0.5, -0.2)).double(), cubic_kernel(2, 9, torch.float64)
    point = torch.zeros(1, 1, 64, 64, dtype=torch.float64)
    point[..., 0, 0] = 1

    def around(x, weights):
        return F.conv2d(F.pad(x, [4] * 4, mode="circular"), weights[None, None])

    x = around(point, cubic)
    n, d = (torch.fft.fft2(4 * around(x, k.flip(0, 1))[..., ::2, ::2])[0, 0] for k in (cubic, kernel))
    expected = (n * d.conj() + 0.1) / (d.abs().square() + 0.1)
    assert torch.allclose(CorrectionFilter(2, kernel, ridge=0.1).response((32, 32)), expected, atol=1e-9)


def test_both_axes_are_treated_alike():
    """A picture lower than its margin, and the same on its side."""
    kernel, y = gaussian_kernel(9, (1.8, 1.0), 0.3, (-0.5, -0.2)), torch.rand(1, 2, 10, 40)
    made = CorrectionFilter(2, kernel)(y)
    assert torch.allclose(CorrectionFilter(2, kernel.T)(y.mT).mT, made, atol=1e-5)
