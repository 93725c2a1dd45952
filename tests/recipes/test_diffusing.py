"""Methods with a denoiser as prior, on priors whose answers are known."""

import pytest
import torch
from torch import nn

from oneself.core import Run
from oneself.networks.pretrained import linear_schedule
from oneself.operators import Resize
from oneself.recipes.generators.diffusing import GuidedDiffusion, levels
from oneself.registry import find
from oneself.testing import Mask, picture
from oneself.testing.networks import Smoother

SIDE, RANK = 8, 5


class Subspace(nn.Module):
    """The best denoiser of pictures in a subspace: the projection onto it. It knows no noise level and needs none."""

    def __init__(self, seed=0):
        super().__init__()
        found = torch.linalg.qr(torch.randn(SIDE * SIDE, RANK, generator=torch.Generator().manual_seed(seed)))[0]
        self.basis = nn.Parameter(found)

    def forward(self, x):
        return (x.flatten(1) @ self.basis @ self.basis.T).reshape(x.shape)


def inside(prior, seed=1):
    """A picture of the subspace, and a mask that leaves more than enough of it."""
    chance = torch.Generator().manual_seed(seed)
    x = (prior.basis.detach() @ torch.randn(RANK, generator=chance)).reshape(1, 1, SIDE, SIDE)
    return x, (torch.rand(1, 1, SIDE, SIDE, generator=chance) > 0.2).float()


@pytest.mark.parametrize("key", ["implicit_prior", "ddpg"])
def test_in_a_subspace_the_one_picture_that_explains_the_measurement_is_found(key):
    prior = Subspace()
    x, keep = inside(prior)
    options = {"highest": 0.5, **({"zeta": 0.0} if key == "ddpg" else {"lowest": 1e-3, "samples": 1, "noise": 0.5})}
    result = Run(find(key), x * keep, Mask(keep), weights=prior, device="cpu", **options).finish()
    start = float((x * keep - x).square().mean())
    assert float((result.image - x).square().mean()) < 1e-2 * start
    assert torch.allclose(result.image * keep, x * keep, atol=1e-4)


def test_the_samples_of_the_implicit_prior_measure_exactly_what_was_measured_and_scatter_elsewhere():
    x = picture(16, 16, channels=1)
    keep = torch.ones_like(x)
    keep[..., 4:12, 4:12] = 0
    going = Run(find("implicit_prior"), x * keep, Mask(keep), weights=Smoother(), device="cpu", steps=20, samples=3)
    spread = going.finish().parts["uncertainty"]
    assert float((spread * keep).max()) < 1e-5
    assert float((spread * (1 - keep)).max()) > 1e-3


class Dense:
    def __init__(self, matrix):
        self.matrix = matrix

    def A(self, x):
        return (x.flatten(1) @ self.matrix.T).reshape(len(x), 1, -1, 1)

    def A_adjoint(self, y):
        return (y.flatten(1) @ self.matrix).reshape(len(y), 1, SIDE, SIDE)


def test_guidance_is_back_projection_at_one_end_and_least_squares_at_the_other():
    chance = torch.Generator().manual_seed(0)
    matrix = torch.randn(10, SIDE * SIDE, generator=chance) / 8
    physics, x = Dense(matrix), torch.rand(1, 1, SIDE, SIDE, generator=chance)
    y, sigma, eta = torch.randn(1, 1, 10, 1, generator=chance), 0.1, 0.5
    stage = GuidedDiffusion(Smoother(), y, physics, sigma=sigma, gamma=8.0, zeta=0.5, eta=eta, steps=5, highest=1.0)
    largest = torch.linalg.matrix_norm(matrix, 2) ** 2
    gap = matrix @ x.flatten() - y.flatten()
    damped = matrix @ matrix.T + 4 * sigma**2 * eta * largest * torch.eye(10)
    back, least = matrix.T @ torch.linalg.solve(damped, gap), matrix.T @ gap / largest
    for delta, wanted in ((0.0, back), (1.0, least), (0.3, 0.7 * back + 0.3 * least)):
        assert torch.allclose(stage.guidance(x, delta).flatten(), wanted, rtol=0.03, atol=3e-3 * float(wanted.norm()))


def test_noise_levels_are_of_the_schedule_below_the_highest():
    found = levels(10, 1.0)
    alpha_bar = linear_schedule()
    ratios = ((1 - alpha_bar) / alpha_bar).sqrt() / 2
    assert found.shape == (11,)
    assert found[-1] == 0
    assert 0.98 < float(found[0]) <= 1.0
    assert all(float((ratios - level).abs().min()) < 1e-5 for level in found[:-1])
    assert torch.equal(found, found.sort(descending=True).values)


def test_tuning_brings_the_denoiser_nearer_to_the_picture():
    """The error of what the denoiser makes of the noisy measurement falls, and what was given stays."""
    y, prior = picture(24, 24, channels=1), Smoother()
    options = {"tuning_steps": 60, "lr": 0.01, "steps": 2, "highest": 0.3}
    going = Run(find("adir"), y, None, weights=prior, device="cpu", **options)
    going.finish()
    noisy = y + 0.1 * torch.randn(y.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before, after = ((f(noisy) - y).square().mean() for f in (prior, going.stages[1].denoise))
    assert float(after) < 0.7 * float(before)
    assert all(torch.equal(one, own) for one, own in zip(prior.parameters(), Smoother().parameters(), strict=True))


@pytest.mark.parametrize(
    ("key", "y", "told"),
    [
        ("ddpg", torch.rand(1, 1, 8, 8), r"ddpg\(weights=None\): there is no denoiser"),
        ("implicit_prior", torch.rand(1, 1, 8, 8), r"implicit_prior\(weights=None\)"),
    ],
)
def test_there_must_be_a_denoiser(key, y, told):
    with pytest.raises(ValueError, match=told):
        next(Run(find(key), y, device="cpu"))


def test_adir_needs_a_measurement_that_is_a_picture():
    matrix = torch.randn(10, SIDE * SIDE, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match=r"no picture that a denoiser could be tuned to\. Use ddpg"):
        next(Run(find("adir"), torch.rand(1, 1, 10, 1), Dense(matrix), weights=Subspace(), device="cpu"))


def test_adir_refuses_a_denoiser_that_knows_the_pictures_size_alone():
    network = nn.Sequential(nn.Flatten(), nn.Linear(256, 256), nn.Unflatten(1, (1, 16, 16)))
    with pytest.raises(ValueError, match=r"cannot take the measurement as a picture.*pictures of any size"):
        next(Run(find("adir"), torch.rand(1, 1, 8, 8), Resize(2), weights=network, device="cpu"))
