"""The inverse of AAᵀ + εI against dense linear algebra, for every kind of operator."""

import pytest
import torch
from torch.nn import functional as F

from oneself.operators import NormalInverse, Resize


class Dense:
    """A linear operator as a matrix."""

    def __init__(self, A, size):
        basis = torch.eye(size.numel(), dtype=torch.float64).reshape(-1, *size)
        self.columns = torch.stack([A(e[None]).flatten() for e in basis], 1)


def circular_blur(x):
    kernel = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 3]], dtype=x.dtype) / 18
    channels = x.shape[1]
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="circular"), kernel.expand(channels, 1, 3, 3), groups=channels)


def circular_adjoint(y):
    kernel = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 3]], dtype=y.dtype).flip(0, 1) / 18
    channels = y.shape[1]
    return F.conv2d(F.pad(y, (1, 1, 1, 1), mode="circular"), kernel.expand(channels, 1, 3, 3), groups=channels)


def sampled(x):
    return circular_blur(x)[..., ::2, ::2]


def sampled_adjoint(y):
    x = y.new_zeros(*y.shape[:2], 2 * y.shape[2], 2 * y.shape[3])
    x[..., ::2, ::2] = y
    return circular_adjoint(x)


MASK = (torch.rand(1, 2, 8, 6, generator=torch.Generator().manual_seed(3)) > 0.4).double()
RESIZE = Resize(2)
OPERATORS = {
    "mask": ("diagonal", (1, 2, 8, 6), lambda x: x * MASK, lambda y: y * MASK),
    "blur": ("circulant", (1, 2, 8, 6), circular_blur, circular_adjoint),
    "blur and sampling": ("circulant", (1, 2, 8, 6), sampled, sampled_adjoint),
    "resize": ("conjugate gradients", (1, 1, 12, 10), RESIZE.A, RESIZE.A_adjoint),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_it_inverts_what_dense_algebra_says(name):
    kind, size, A, adjoint = OPERATORS[name]
    chance = torch.Generator().manual_seed(0)
    x = torch.rand(size, generator=chance, dtype=torch.float64)
    y = A(x)
    inverse = NormalInverse(A, adjoint, y, ridge=0.05, steps=60)
    assert inverse.kind == kind
    matrix = Dense(A, torch.Size(size[1:])).columns
    normal = matrix @ matrix.T
    assert inverse.epsilon == pytest.approx(0.05 * float(torch.linalg.eigvalsh(normal)[-1]), rel=0.02)
    r = torch.randn(y.shape, generator=chance, dtype=torch.float64)
    expected = torch.linalg.solve(normal + inverse.epsilon * torch.eye(len(normal), dtype=torch.float64), r.flatten())
    torch.testing.assert_close(inverse(r).flatten(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", OPERATORS)
def test_the_trace_is_the_matrix_trace(name):
    kind, size, A, adjoint = OPERATORS[name]
    y = A(torch.rand(size, dtype=torch.float64))
    inverse = NormalInverse(A, adjoint, y, ridge=0.05)
    matrix = Dense(A, torch.Size(size[1:])).columns
    normal = matrix @ matrix.T + inverse.epsilon * torch.eye(y.numel(), dtype=torch.float64)
    within = 0.1 if kind == "conjugate gradients" else 1e-6  # by probes, of 30 elements
    assert inverse.trace(y) == pytest.approx(float(torch.linalg.inv(normal).trace()), rel=within)


def test_blur_of_an_unknown_border_is_left_to_conjugate_gradients():
    from deepinv.physics import Blur

    blur = Blur(filter=torch.ones(1, 1, 3, 3) / 9, padding="valid")
    y = blur.A(torch.rand(1, 1, 14, 12))
    inverse = NormalInverse(blur.A, blur.A_adjoint, y, ridge=0.01, steps=100)
    assert inverse.kind == "conjugate gradients"
    r = torch.randn(y.shape)
    again = blur.A(blur.A_adjoint(inverse(r))) + inverse.epsilon * inverse(r)
    torch.testing.assert_close(again, r, rtol=1e-3, atol=1e-3)


def test_an_operator_that_makes_nothing_is_refused():
    with pytest.raises(ValueError, match="everything 0"):
        NormalInverse(lambda x: 0 * x, lambda y: 0 * y, torch.rand(1, 1, 4, 4), ridge=0.1)


def test_a_runs_lower_precision_does_not_reach_it():
    A = torch.nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def adjoint(y):
        return F.conv_transpose1d(y, A.weight, padding=1)

    y = torch.rand(1, 1, 20)
    inverse = NormalInverse(A, adjoint, y, ridge=0.01, steps=60)
    assert inverse.kind == "conjugate gradients"
    with torch.autocast("cpu", torch.bfloat16):
        assert A(y).dtype == torch.bfloat16
        found = inverse(y)
    torch.testing.assert_close(found, inverse(y), rtol=0, atol=0)
