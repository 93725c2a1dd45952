"""Resize against independent references, and the identities of an operator and its transpose."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from skimage import data
from torch import Tensor

from oneself.operators import Resize, enlarge, least_norm
from oneself.operators.resize import _matrices, resize

CASES = [((40,), 2.0), ((41,), 1.7), ((20, 27), 3.0), ((24, 18), (2.0, 1.0)), ((8, 9, 10), (1.0, 1.5, 2.0))]


def picture(size: tuple[int, ...], channels: int = 2) -> Tensor:
    return torch.rand(1, channels, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def imresize(row: np.ndarray, made: int) -> np.ndarray:
    """One row, sample by sample, the way the definition reads."""
    ratio = len(row) / made
    width = max(1.0, ratio)
    pad = 4 * math.ceil(width) + 4
    padded = np.pad(row, pad, mode="symmetric")
    values = []
    for i in range(made):
        centre = (i + 0.5) * ratio - 0.5
        weights = []
        for j in range(-pad, len(row) + pad):
            t = abs(j - centre) / width
            inner, outer = 1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
            weights.append(inner if t <= 1 else outer if t < 2 else 0.0)
        values.append(np.dot(weights, padded) / np.sum(weights))
    return np.array(values)


@pytest.mark.parametrize(("given", "made"), [(16, 8), (15, 10), (17, 5), (10, 20), (7, 11), (9, 9)])
def test_is_the_definition_edges_included(given: int, made: int) -> None:
    row = picture((given,), 1)
    assert np.allclose(resize(row, [made])[0, 0].numpy(), imresize(row[0, 0].numpy(), made), atol=1e-12)


def test_halving_has_the_known_weights_of_imresize() -> None:
    point = torch.eye(64, dtype=torch.float64)[None]  # every channel is one point
    weights = Resize(2).A(point)[0, :, 16] * 256
    assert weights[29:37].round(decimals=6).tolist() == [-3, -9, 29, 111, 111, 29, -9, -3]
    assert weights.count_nonzero() == 8


@pytest.mark.parametrize("scale", [2.0, 3.0, 1.5, 2.5])
def test_agrees_with_torch_away_from_the_edges(scale: float) -> None:
    x = torch.from_numpy(data.camera()[:120, :150] / 255)[None, None]
    size = [round(n / scale) for n in x.shape[2:]]
    theirs = F.interpolate(x, size=size, mode="bicubic", antialias=True, align_corners=False)
    inside = (..., slice(4, -4), slice(4, -4))
    assert torch.allclose(Resize(scale).A(x)[inside], theirs[inside], atol=1e-5)


@pytest.mark.parametrize(("size", "scale"), CASES)
def test_adjoint(size: tuple[int, ...], scale: float | tuple[float, ...]) -> None:
    x, operator = picture(size), Resize(scale, size)
    y = torch.rand_like(operator.A(x))
    assert torch.allclose((operator.A(x) * y).sum(), (x * operator.A_adjoint(y)).sum(), rtol=1e-12)


@pytest.mark.parametrize(("size", "scale"), CASES)
def test_pseudo_inverse_is_exact_and_smallest(size: tuple[int, ...], scale: float | tuple[float, ...]) -> None:
    operator = Resize(scale, size)
    y = operator.A(picture(size))
    x = operator.A_dagger(y)
    assert x.shape[2:] == size
    assert torch.allclose(operator.A(x), y, atol=1e-10)
    assert torch.allclose(x, least_norm(operator.A, operator.A_adjoint, y, steps=300, tolerance=1e-12), atol=1e-8)


def test_pseudo_inverse_of_a_long_signal_is_iterated_for(monkeypatch: pytest.MonkeyPatch) -> None:
    y = picture((50,))
    exact = Resize(1.5).A_dagger(y)
    monkeypatch.setattr("oneself.operators.resize.PINV", 10)
    assert torch.allclose(Resize(1.5).A_dagger(y), exact, atol=1e-5)


def test_sparse_weights_are_the_same_and_pass_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    x, operator = picture((24, 30)).requires_grad_(), Resize((2.0, 1.5), (24, 30))

    def everything() -> list[Tensor]:
        y = operator.A(x)
        (slope,) = torch.autograd.grad(y.square().sum(), x)
        return [y, slope, operator.A_adjoint(y.detach())]

    dense = everything()
    monkeypatch.setattr("oneself.operators.resize.DENSE", 0)
    _matrices.clear()
    sparse = everything()
    assert any(matrix.is_sparse for matrix in _matrices.values())
    _matrices.clear()
    assert all(torch.allclose(a, b) for a, b in zip(dense, sparse, strict=True))


def test_gradient_is_the_adjoint() -> None:
    x, operator = picture((12, 15)).requires_grad_(), Resize(1.5, (12, 15))
    y = operator.A(x)
    (slope,) = torch.autograd.grad(y, x, torch.ones_like(y))
    assert torch.allclose(slope, operator.A_adjoint(torch.ones_like(y)))


def test_sizes_come_back() -> None:
    for n, scale in itertools.product(range(4, 60), (1.1, 1.37, 1.5, 2.0, 2.5, 3.0, 4.0)):
        y = torch.zeros(1, 1, n)
        operator = Resize(scale)
        assert operator.A(operator.A_adjoint(y)).shape == y.shape


def test_constants_stay_and_content_does_not_move() -> None:
    assert torch.allclose(Resize(1.7).A(torch.ones(1, 1, 34, 51)), torch.ones(1, 1, 20, 30))
    x = torch.exp(-((torch.arange(64) - 31.5) ** 2) / 50)[None, None]
    assert torch.allclose(enlarge(Resize(2).A(x), [64]), x, atol=1e-2)
    moved = enlarge(Resize(2).A(x), [64], shift=[3.0])
    assert torch.allclose(moved[..., 3:], x[..., :-3], atol=1e-2)


def test_half_precision_is_computed_in_float32() -> None:
    x = picture((32, 32)).float()
    exact = Resize(2).A(x)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(Resize(2).A(x), exact)
    assert Resize(2).A(x.half()).dtype == torch.float32


def test_weights_made_without_gradients_serve_with_them() -> None:
    _matrices.clear()
    with torch.inference_mode():
        Resize(2).A(torch.zeros(1, 1, 22))
    x = torch.rand(1, 1, 22, requires_grad=True)
    Resize(2).A(x).sum().backward()
    assert x.grad is not None


def test_memory_of_weights_is_bounded() -> None:
    for n in range(10, 200):
        Resize(2).A(torch.zeros(1, 1, n))
    assert len(_matrices) <= 48


def test_bad_arguments_are_refused() -> None:
    for scale in (0.5, math.nan, math.inf, (2.0, 0.9)):
        with pytest.raises(ValueError, match=r"Resize\(scale=.*at least 1"):
            Resize(scale)
    with pytest.raises(ValueError, match="has 2 axes"):
        Resize((2.0, 2.0, 2.0)).A(torch.zeros(1, 1, 8, 8))
    with pytest.raises(ValueError, match="has 2 axes"):
        Resize(2, (8,)).A_adjoint(torch.zeros(1, 1, 4, 4))
    with pytest.raises(ValueError, match="smaller than"):
        enlarge(torch.zeros(1, 1, 8), [4])
    with pytest.raises(ValueError, match="1 or more"):
        Resize(2, (0, 4))


def test_another_factor() -> None:
    assert Resize(2).at([1.5, 1.0]).A(torch.zeros(1, 1, 30, 30)).shape == (1, 1, 20, 30)
