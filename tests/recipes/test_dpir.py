"""Half-quadratic splitting with a denoiser: each step in closed form, and what it begins with."""

import math
from typing import ClassVar

import pytest
import torch
from torch import nn

from oneself.core import Run
from oneself.recipes.adaptation.dpir import FILLING, FIRST, FLOOR, dpir
from oneself.recipes.adaptation.idbp import idbp
from oneself.testing import psnr
from oneself.testing.networks import ToldSmoother
from oneself.testing.operators import Blur, Mask, Pool
from oneself.testing.pictures import picture

X = picture(32, 28)


class Listening(nn.Module):
    """Takes a tenth off, and remembers the levels that it is told."""

    heard: ClassVar[list[float]] = []

    def forward(self, x, sigma):
        self.heard.append(sigma)
        return 0.9 * x


def test_a_step_is_the_minimum_of_its_objective_and_then_the_denoiser():
    """``0.9 argmin ‖y - A x‖² + λ (σ/σ₁)² ‖x - z‖²``, twice, on matrices."""
    y = Pool().A(torch.rand(1, 1, 4, 6, generator=torch.Generator().manual_seed(0)))
    basis = torch.eye(24).reshape(24, 1, 4, 6)
    A = torch.stack([Pool().A(one[None]).flatten() for one in basis], dim=1)
    told = {"sigma": 0.1, "first": 0.4, "prior_weight": 0.5}
    made = Run(dpir, y, Pool(), weights=Listening(), steps=2, device="cpu", **told).finish().image
    largest = float(torch.linalg.eigvalsh(A @ A.T).max())
    z = A.T @ torch.linalg.solve(A @ A.T + 0.05 * largest * torch.eye(len(A)), y.flatten())
    for level in (0.4, 0.1):
        weight = 0.5 * (0.1 / level) ** 2
        z = 0.9 * torch.linalg.solve(A.T @ A + weight * torch.eye(24), A.T @ y.flatten() + weight * z)
    assert torch.allclose(made.flatten(), z, atol=1e-5)


@pytest.mark.parametrize(("sigma", "last"), [(0.05, 0.05), (1e-7, FLOOR)], ids=["noise", "none: as 8 bits are rounded"])
def test_levels_fall_evenly_on_a_logarithmic_scale(sigma, last):
    Listening.heard.clear()
    Run(dpir, X, Blur(), weights=Listening(), sigma=sigma, steps=3, device="cpu").finish()
    assert Listening.heard[-3:] == pytest.approx([FIRST, math.sqrt(FIRST * last), last])


def test_gaps_begin_nearer_and_are_filled_better_than_they_began():
    Listening.heard.clear()
    known = (torch.rand(1, 1, 32, 28, generator=torch.Generator().manual_seed(0)) > 0.5).float().expand(X.shape)
    Run(dpir, X * known, Mask(known), weights=Listening(), steps=1, device="cpu").finish()
    assert Listening.heard[-1] == pytest.approx(FILLING)
    one = Run(dpir, X * known, Mask(known), weights=ToldSmoother(), steps=1, first=1e-6, sigma=1e-7, device="cpu")
    began = one.finish().image
    result = Run(dpir, X * known, Mask(known), device="cpu")
    assert psnr(result.finish().image, X) > psnr(began, X) + 0.5 > psnr(X * known, X) + 5


def test_noise_is_taken_off_where_the_blur_is_undone():
    """The package's own denoiser: better than the blurred picture by far, and than undoing the blur alone."""
    y = Blur().A(X) + 0.02 * torch.randn(X.shape, generator=torch.Generator().manual_seed(1))
    made = Run(dpir, y, Blur(), sigma=0.02, device="cpu").finish()
    assert psnr(made.image, X) > psnr(y, X) + 2
    assert any("the package's own, drawn-" in note for note in made.notes)


def test_without_weights_back_projection_takes_the_packages_own_denoiser():
    y = Blur().A(X)
    made = Run(idbp, y, Blur(), sigma=0.01, steps=8, device="cpu").finish().image
    assert psnr(made, X) > psnr(y, X)
