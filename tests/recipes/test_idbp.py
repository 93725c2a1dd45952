"""Iterative denoising and back-projection: what each iteration is, in closed form, and what adaptation changes."""

import math
from typing import ClassVar

import pytest
import torch
from torch import nn

from oneself.core import Run
from oneself.operators import Downsample
from oneself.operators.kernels import gaussian_kernel
from oneself.recipes.adaptation.idbp import idbp
from oneself.recipes.adaptation.idbp_ia import idbp_ia
from oneself.testing import psnr
from oneself.testing.networks import Smoother, ToldSmoother
from oneself.testing.operators import Blur, Mask, Pool
from oneself.testing.pictures import picture

NONE = 1e-7
X = picture(24, 20)


class Listening(nn.Module):
    """Takes a tenth off, and remembers the levels that it is told."""

    heard: ClassVar[list[float]] = []

    def forward(self, x, sigma):
        self.heard.append(sigma)
        return 0.9 * x


def matrix(physics, y, size):
    """``A`` as a matrix, a column for each element of an image of ``size``."""
    basis = torch.eye(math.prod(size)).reshape(-1, *size)
    return torch.stack([physics.A(one[None]).flatten() for one in basis], dim=1)


def test_the_denoiser_is_told_levels_that_fall_evenly_on_a_logarithmic_scale():
    Listening.heard.clear()
    options = {"sigma": 0.02, "delta_first": 0.4, "delta_last": 0.1, "steps": 3}
    Run(idbp, X, Blur(), weights=Listening(), device="cpu", **options).finish()
    assert Listening.heard[0] == pytest.approx(0.42)  # when it is tried
    assert Listening.heard[-3:] == pytest.approx([0.42, 0.22, 0.12])


def test_an_iteration_is_what_the_paper_says_on_matrices():
    """``z1 = x + A⁺(y - A x)`` with ``x = 0.9 z0`` and ``z0 = A⁺ y``."""
    x = torch.rand(1, 1, 4, 6)
    y = Pool().A(x)
    A = matrix(Pool(), y, (1, 4, 6))
    undo = torch.linalg.pinv(A)
    first = undo @ y.flatten()
    denoised = 0.9 * first
    expected = denoised + undo @ (y.flatten() - A @ denoised)
    options = {"sigma": NONE, "ridge": 1e-9, "steps": 1, "device": "cpu"}
    made = Run(idbp, y, Pool(), weights=Listening(), **options).finish().image
    assert torch.allclose(made.flatten(), expected, atol=1e-5)
    options |= {"sigma": 0.1}
    assert torch.allclose(
        Run(idbp, y, Pool(), weights=Listening(), **options).finish().image.flatten(), denoised, atol=1e-5
    )


def test_without_noise_the_answer_explains_the_measurement():
    known = (torch.rand(1, 1, 24, 20, generator=torch.Generator().manual_seed(0)) > 0.5).float().expand(X.shape)
    y = X * known
    result = Run(idbp, y, Mask(known), weights=Smoother(), sigma=NONE, device="cpu").finish()
    assert torch.allclose(result.image * known, y, atol=1e-3)
    assert psnr(result.image, X) > psnr(y, X) + 5


def test_gaps_without_a_level_are_said_to_be_taken_for_no_noise():
    known = torch.ones_like(X)
    known[..., ::2] = 0
    notes = Run(idbp, X * known, Mask(known), weights=Smoother(), steps=1, device="cpu").finish().notes
    assert any("taken for 0" in note for note in notes)
    assert any("blind" in note for note in notes)


SR = Downsample(2, gaussian_kernel(5, 1.0))
SMALL = SR.A(picture(64, 56))
IA = {"sigma": NONE, "steps": 3, "adapting_steps": 30, "patches": 4, "lr": 1e-2, "what": "gains", "device": "cpu"}


def test_a_denoiser_that_is_not_surely_better_stays_as_it_came():
    result = Run(idbp_ia, SMALL, SR, weights=ToldSmoother(), caution=100.0, **IA).finish()
    plain = Run(idbp, SMALL, SR, weights=ToldSmoother(), sigma=NONE, steps=3, device="cpu").finish()
    assert torch.equal(result.image, plain.image)
    assert "as it came" in result.notes[-1]


def test_the_adapted_denoiser_serves_low_levels_alone():
    run = Run(idbp_ia, SMALL, SR, weights=ToldSmoother(), adapted_level=0.1, caution=0.0, **IA)
    run.finish()
    both = run.stages[-1].denoise
    x = picture(20, 20)
    came = ToldSmoother()
    with torch.no_grad():
        each = torch.cat([came(one, 0.2) for one in x.split(1, dim=1)], dim=1)
        assert torch.allclose(both(x, 0.2), each, atol=1e-6)
        each = torch.cat([came(one, 0.05) for one in x.split(1, dim=1)], dim=1)
        assert not torch.allclose(both(x, 0.05), each, atol=1e-3)
