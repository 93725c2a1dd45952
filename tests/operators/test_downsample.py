"""Downsample: its convention, its transpose, and the kernels that it refuses."""

from __future__ import annotations

import pytest
import torch
from scipy.ndimage import convolve
from torch import Tensor

from oneself.operators import Downsample, check_kernel

CASES = [((30,), (5,), 2, 0), ((31,), (7,), 3, 1), ((20, 23), (5, 3), (2, 3), (1, 0)), ((9, 8, 10), (3, 5, 3), 2, 0)]


def random(*size: int) -> Tensor:
    return torch.rand(size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def blur(*size: int) -> Tensor:
    kernel = random(*size)
    return kernel / kernel.sum()


@pytest.mark.parametrize(("size", "kernel", "scale", "phase"), CASES)
def test_is_convolution_and_every_sth_sample(size, kernel, scale, phase) -> None:
    operator = Downsample(scale, blur(*kernel), phase=phase)
    x = random(1, 2, *size)
    every = tuple(slice(p, None, s) for p, s in zip(operator.phase, operator.scale, strict=True))
    for mine, channel in zip(operator.A(x)[0], x[0], strict=True):
        blurred = convolve(channel.numpy(), blur(*kernel).numpy(), mode="nearest")
        assert torch.allclose(mine, torch.from_numpy(blurred[every].copy()), atol=1e-12)


@pytest.mark.parametrize(("size", "kernel", "scale", "phase"), CASES)
def test_adjoint_and_gradient(size, kernel, scale, phase) -> None:
    operator = Downsample(scale, blur(*kernel), phase=phase, size=size)
    x = random(1, 2, *size).requires_grad_()
    image = operator.A(x)
    y = torch.rand_like(image)
    back = operator.A_adjoint(y)
    assert back.shape == x.shape
    assert torch.allclose((image * y).sum(), (x * back).sum(), rtol=1e-12)
    assert torch.allclose(torch.autograd.grad(image, x, y)[0], back)


@pytest.mark.parametrize(("size", "kernel", "scale", "phase"), CASES)
def test_pseudo_inverse(size, kernel, scale, phase) -> None:
    operator = Downsample(scale, blur(*kernel), phase=phase, size=size)
    y = operator.A(random(1, 2, *size))
    assert torch.allclose(operator.A(operator.A_dagger(y)), y, atol=1e-5)


def test_sizes_are_free_and_half_precision_is_computed_in_float32() -> None:
    operator = Downsample(3, blur(5, 5).float())
    for n in (1, 2, 3, 7, 12):
        assert operator.A(torch.zeros(1, 3, n, 11)).shape == (1, 3, -(-n // 3), 4)
    assert operator.A_adjoint(torch.zeros(1, 3, 4, 5)).shape == (1, 3, 12, 15)
    x = torch.rand(1, 1, 12, 12)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(operator.A(x), operator.A(x).float())
    assert operator.A(x.bfloat16()).dtype == torch.float32


@pytest.mark.parametrize(
    ("kernel", "wrong"),
    [
        (torch.ones(4, 5) / 20, "even-sized"),
        (torch.ones(3, 3), "its sum is 9"),
        (torch.tensor([-0.5, 1.0, 0.5]), "negative"),
        (torch.tensor([0.0, torch.nan, 1.0]), "NaN"),
        (torch.ones(3, dtype=torch.long), "int64"),
        (torch.ones(1, 1, 1, 1), "4D"),
    ],
)
def test_what_is_no_blur_is_refused(kernel: Tensor, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        Downsample(2, kernel)


def test_bad_arguments_are_refused() -> None:
    kernel = blur(3, 3)
    with pytest.raises(ValueError, match="2D"):
        check_kernel(kernel, 3)
    with pytest.raises(ValueError, match=r"scale=0\)"):
        Downsample(0, kernel)
    with pytest.raises(ValueError, match="one whole number"):
        Downsample(1.5, kernel)
    with pytest.raises(ValueError, match=r"phase=2\)"):
        Downsample(2, kernel, phase=2)
    with pytest.raises(ValueError, match="3 axes"):
        Downsample(2, kernel).A(torch.zeros(1, 1, 4, 4, 4))
    with pytest.raises(ValueError, match="does not shrink"):
        Downsample(2, kernel, size=(9, 9)).A_adjoint(torch.zeros(1, 1, 4, 4))


def test_a_kernel_belongs_to_one_scale() -> None:
    operator = Downsample(2, blur(3, 3))
    assert operator.at(2) is operator
    with pytest.raises(ValueError, match=r"at\(scale=1.5\)"):
        operator.at(1.5)


def test_less_than_one_sample_is_refused():
    kernel = torch.ones(3, 3) / 9
    assert Downsample(4, kernel, phase=2).A(torch.rand(1, 1, 3, 3)).shape == (1, 1, 1, 1)
    with pytest.raises(ValueError, match=r"phase=\(3, 3\)\): keeps no sample of \(3, 3\)"):
        Downsample(4, kernel, phase=3).A(torch.rand(1, 1, 3, 3))
