"""Photographs to train on: drawn pictures seen through cameras."""

from collections.abc import Iterator

import pytest
import torch
from torch import Generator, Tensor

from oneself.pretraining import DenoiserPlan
from oneself.pretraining.cameras import photographed
from oneself.pretraining.denoiser import DenoiserTraining
from oneself.pretraining.pool import Pool


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool(3, size=64, most=4, seed=0)
    made.draw_until(4)
    yield made
    made.close()


def shots(pool: Pool, seed: int, count: int = 40) -> tuple[Tensor, Tensor]:
    return photographed(Generator().manual_seed(seed), pool, count, 24)


def test_photographs_have_every_amount_of_noise_about_their_truth(pool: Pool) -> None:
    truth, noisy = shots(pool, 1)
    assert truth.shape == noisy.shape == (40, 3, 24, 24)
    for pictures in (truth, noisy):
        assert pictures.dtype == torch.float32
        assert 0 <= pictures.min() < pictures.max() <= 1
    level = 255 * (noisy - truth).square().mean((1, 2, 3)).sqrt()
    assert level.min() < 1
    assert 2 < level.median() < 15
    assert 20 < level.max() < 80
    assert (noisy - truth).mean().abs() < 0.01  # what is cut at black and white apart


def test_pictures_that_are_hardly_larger_than_a_patch_are_not_shrunk() -> None:
    small = Pool(3, size=24, most=2, seed=0)
    small.draw_until(2)
    truth, noisy = photographed(Generator().manual_seed(5), small, 30, 24)
    assert truth.shape == noisy.shape == (30, 3, 24, 24)


def test_most_photographs_share_noise_between_neighbours(pool: Pool) -> None:
    truth, noisy = shots(pool, 2)
    noise = noisy - truth
    noise = noise[noise.square().mean((1, 2, 3)) > (2 / 255) ** 2]
    noise = noise - noise.mean((2, 3), keepdim=True)
    beside = (noise[..., 1:] * noise[..., :-1]).mean((1, 2, 3)) / noise.square().mean((1, 2, 3))
    assert (beside > 0.2).float().mean() > 0.5


def test_the_same_seed_takes_the_same_photographs(pool: Pool) -> None:
    for one, other in zip(shots(pool, 3, 6), shots(pool, 3, 6), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(shots(pool, 3, 6)[1], shots(pool, 4, 6)[1])


def test_a_denoiser_learns_from_photographs_and_knows_some_levels() -> None:
    plan = DenoiserPlan(width=16, blocks=1, steps=2, batch=12, patch=16, pictures=2, size=32, noise="camera")
    training = DenoiserTraining(plan)
    told: list[Tensor] = []
    training.network.register_forward_pre_hook(lambda module, given: told.append(given[1]))
    assert training.step().isfinite()
    (levels,) = told
    assert levels.shape == (12, 1, 1, 1)
    assert 2 <= (levels == 0).sum() <= 10
