"""The operators of the benchmark of generators, and its row of back-projection."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import generators


@pytest.mark.parametrize("size", [(1, 8, 8), (3, 7, 6)])
def test_half_of_the_frequencies_are_projected_on_and_are_those_of_the_fourier_transform(size):
    physics = generators.Fourier(size)
    x, y = torch.rand(2, *size), torch.rand(2, *size)
    assert torch.allclose((physics.A(x) * y).sum(), (x * physics.A_adjoint(y)).sum(), atol=1e-4)
    assert torch.allclose(physics.A(physics.A_adjoint(y)), physics.known * y, atol=1e-5)  # A Aᵀ = the mask
    wanted = torch.fft.ifft2(physics.known * torch.fft.fft2(x)).real
    assert torch.allclose(physics.A_adjoint(physics.A(x)), wanted, atol=1e-5)
    assert 0.4 <= float(physics.known.mean()) <= 0.6


def test_noise_is_on_what_is_measured_and_methods_for_none_are_left_out():
    physics = generators.Fourier((1, 16, 16))
    y = generators.measured(torch.rand(1, 1, 16, 16), physics)
    assert torch.equal(y * (1 - physics.known), torch.zeros_like(y))
    noisy = next(name for name in generators.problems(torch.rand(1, 1, 16, 16), 5, 3, 2) if "noise" in name)
    assert "iagan+bp" not in generators.generators_of(noisy)
    assert generators.scores_of(noisy) == ["ddpg"]


def test_back_projection_follows_what_the_row_before_answered_and_counts_its_cost():
    wanted = generators.Wanted(None, 1, ["iagan"], ["hole"], {}, "cpu")
    (problem,) = generators.of_digits(wanted)
    assert wanted.methods_of(*problem.names) == ["iagan", "iagan+bp"]
    row = generators.Row("digits", problem.task, problem.picture, "iagan", 0.0, 0.0, 7, 100.0)
    before = torch.full_like(problem.x, 0.3)
    after, image = generators.answered(problem, "iagan+bp", "cpu", (row, before))
    known = problem.physics.A(torch.ones_like(before))
    assert torch.allclose(image, problem.x * known + before * (1 - known), atol=1e-5)
    assert after.steps == 7
    assert 100 <= after.seconds < 200
