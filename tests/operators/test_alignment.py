"""What an operator does to positions is found by asking it, whoever wrote it."""

from __future__ import annotations

import deepinv
import pytest
import torch
from torch import Tensor

from oneself.operators import Downsample, Resize, displacement, enlarge, project, symmetries
from oneself.operators.alignment import turns


def gaussian(size: int, at: float = 0.0) -> Tensor:
    row = torch.exp(-((torch.arange(size) - size // 2 - at) ** 2) / 3)
    kernel = row[:, None] * row
    return kernel / kernel.sum()


MOVED = Downsample(2, gaussian(9, at=-0.5))
LOPSIDED = Downsample(
    2, (gaussian(9) * torch.arange(1, 10)[:, None]) / (gaussian(9) * torch.arange(1, 10)[:, None]).sum()
)
OPERATORS = [
    (Resize(2), 0.0, 8),
    (Resize(3), 0.0, 8),
    (Downsample(2, gaussian(7)), -0.5, 8),
    (Downsample(2, gaussian(7), phase=1), 0.5, 8),
    (Downsample(3, gaussian(7), phase=1), 0.0, 8),
    (deepinv.physics.Downsampling(filter="bicubic", factor=2, img_size=(1, 64, 80)), 0.0, 8),
    (deepinv.physics.Downsampling(filter="gaussian", factor=2, img_size=(1, 64, 80)), -0.5, 8),
]


@pytest.mark.parametrize(("operator", "moved", "count"), OPERATORS)
def test_displacement_and_symmetries(operator, moved: float, count: int) -> None:
    y = torch.zeros(1, 1, 32, 40)
    scale = (operator.A_adjoint(y).shape[2] / 32,) * 2
    assert displacement(operator.A, y, scale) == pytest.approx((moved, moved), abs=0.02)
    assert len(symmetries(operator.A, y, scale, turns(scale))) == count


def test_a_kernel_moved_by_half_a_sample_undoes_the_phase() -> None:
    assert displacement(MOVED.A, torch.zeros(1, 1, 32, 32), (2, 2)) == (0, 0)


def test_a_lopsided_kernel_allows_only_its_own_symmetry() -> None:
    y = torch.zeros(1, 1, 32, 32)
    assert [turn.flips for turn in symmetries(LOPSIDED.A, y, (2, 2), turns((2, 2)))] == [(), (1,)]


def test_enlarging_by_the_displacement_puts_content_back() -> None:
    x = torch.exp(-((torch.arange(64) - 30) ** 2) / 60)
    x = (x[:, None] * x)[None, None]
    operator = Downsample(2, gaussian(3))
    by = displacement(operator.A, operator.A(x), (2, 2))
    gap = [(enlarge(operator.A(x), (64, 64), shift) - x).abs().max() for shift in (by, (0.0, 0.0))]
    assert gap[0] < 0.05 < gap[1]


def test_turns_are_undone_and_keep_scales() -> None:
    x = torch.rand(1, 2, 3, 4, 5)
    assert len(turns((2, 2, 2))) == 48
    assert len(turns((1, 2, 2))) == 16
    assert len(turns((2, 2, 2), transpose=False)) == 8
    assert len(turns((2.0,))) == 2
    for turn in turns((2, 2, 2)):
        assert torch.equal(turn.back(turn(x)), x)
    assert torch.equal(turns((2, 2))[0](x[0]), x[0])


def test_projection_moves_least() -> None:
    x, operator = torch.rand(1, 1, 20, 20, dtype=torch.float64), Resize(2)
    y = torch.rand(1, 1, 10, 10, dtype=torch.float64)
    projected = project(operator.A, operator.A_adjoint, x, y, steps=50)
    assert torch.allclose(operator.A(projected), y, atol=1e-5)
    assert torch.allclose(projected, x + operator.A_dagger(y - operator.A(x)), atol=1e-5)
    assert project(operator.A, operator.A_adjoint, x, y, steps=0) is x
    assert torch.equal(project(operator.A, operator.A_adjoint, x, operator.A(x), steps=5), x)
