"""What is particular to the smoothing spline: its closed form, its weight, and what it leaves alone."""

import numpy as np
import pytest
import torch
from torch import Tensor

from oneself.core import Run
from oneself.recipes.classical.smoothing_spline import Smoothing, smoothing_spline

PLACE = torch.arange(200) / 200
SINE = (0.5 + 0.3 * torch.sin(12 * PLACE))[None, None]


def noisy(x: Tensor, sigma: float = 0.05) -> Tensor:
    return x + sigma * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))


def left(y: Tensor, x: Tensor, **options: float) -> float:
    """The error that is left, of the noise's."""
    answer = Run(smoothing_spline, y, device="cpu", **options).finish().answer
    return float((answer - x).norm() / (y - x).norm())


def test_it_is_the_minimum_of_penalised_least_squares() -> None:
    """Against a dense solve with second differences and mirrored borders, of two axes."""
    y = torch.rand(1, 1, 6, 7, dtype=torch.float64)
    stage = Smoothing(y, 0.1, 1)
    stage.weight.fill_(0.7)
    down, right = (torch.from_numpy(np.diff(np.eye(n), axis=0).T @ np.diff(np.eye(n), axis=0)) for n in (6, 7))
    rough = torch.kron(down, torch.eye(7)) + torch.kron(torch.eye(6), right)
    expected = torch.linalg.solve(torch.eye(42) + 0.7 * rough @ rough, y.flatten())
    assert torch.allclose(stage.estimate().flatten(), expected.to(y), atol=1e-5)


def test_a_smooth_signal_loses_most_of_its_noise_whether_the_level_is_known_or_not() -> None:
    y = noisy(SINE)
    assert left(y, SINE) < 0.4
    assert left(y, SINE, sigma=0.05) < 0.4


def test_a_fast_wave_is_not_taken_for_noise() -> None:
    fast = (0.5 + 0.3 * torch.sin(1.9 * torch.arange(60)))[None, None]
    assert left(noisy(fast), fast) <= 1.001


@pytest.mark.parametrize("size", [(8,), (12,), (3, 4)])
def test_too_few_elements_are_left_as_they_are(size: tuple[int, ...]) -> None:
    y = torch.rand(1, 1, *size)
    assert torch.allclose(Run(smoothing_spline, y, device="cpu").finish().answer, y, atol=1e-5)
    assert not torch.allclose(Run(smoothing_spline, y, device="cpu", sigma=0.3).finish().answer, y, atol=1e-3)


def test_what_is_too_long_for_its_transform_is_refused() -> None:
    with pytest.raises(ValueError, match="over 8192 elements along an axis"):
        Run(smoothing_spline, torch.rand(1, 1, 10_000), device="cpu").finish()
