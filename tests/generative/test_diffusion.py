"""The mathematics of diffusion against closed forms."""

import math

import pytest
import torch

from oneself.generative import diffusion as d

LEVELS = torch.tensor([0.999, 0.7, 0.2, 1e-3], dtype=torch.float64)


@pytest.fixture
def pair():
    torch.manual_seed(0)
    return torch.rand(4, 3, 5, 6, dtype=torch.float64) * 2 - 1, torch.randn(4, 3, 5, 6, dtype=torch.float64)


def test_the_schedule_is_its_closed_form():
    steps, s = 50, 0.008
    found = d.cosine_schedule(steps)
    assert len(found) == steps + 1
    for t in range(steps + 1):
        expected = math.cos((t / steps + s) / (1 + s) * math.pi / 2) ** 2 / math.cos(s / (1 + s) * math.pi / 2) ** 2
        assert float(found[t]) == pytest.approx(max(expected, 1e-4), rel=1e-5)
    assert float(found[0]) == 1
    assert bool((found.diff() < 0).all())


def test_noise_ratio():
    assert torch.allclose(1 / (1 + d.noise_ratio(LEVELS) ** 2), LEVELS)
    assert float(d.noise_ratio(torch.tensor(0.2))) == pytest.approx(2)


def test_the_picture_tells_the_noise(pair):
    x, noise = pair
    level = d.each(LEVELS, x)
    assert level.shape == (4, 1, 1, 1)
    noisy = d.noised(x, noise, level)
    assert torch.allclose(noisy[1], math.sqrt(0.7) * x[1] + math.sqrt(0.3) * noise[1])
    assert torch.allclose(d.noise_in(noisy, x, level), noise)


def test_preconditioned_inputs_and_targets_have_unit_variance_and_are_uncorrelated():
    torch.manual_seed(0)
    s = 0.4
    x, noise = s * torch.randn(200_000, dtype=torch.float64), torch.randn(200_000, dtype=torch.float64)
    for level in LEVELS:
        factors = d.preconditioning(level, s)
        given = factors.given * d.noised(x, noise, level)
        target = (x - factors.skip / factors.given * given) / factors.out
        assert float(given.var()) == pytest.approx(1, abs=0.02)
        assert float(target.var()) == pytest.approx(1, abs=0.02)
        assert float((given * target).mean()) == pytest.approx(0, abs=0.02)  # the best h for white pictures is 0


@pytest.mark.parametrize(("now", "then"), [(0.3, 0.5), (0.01, 0.9)])
def test_a_step_back_draws_from_the_posterior(pair, now, then):
    x, noise = pair
    t, s = (torch.tensor(value, dtype=torch.float64) for value in (now, then))
    noisy = d.noised(x, noise, t)
    alpha = t / s  # of the one step, x_t = √α x_s + √(1 - α) ε
    variance = (1 - alpha) * (1 - s) / (1 - t)
    mean = (s.sqrt() * (1 - alpha) * x + alpha.sqrt() * (1 - s) * noisy) / (1 - t)
    assert torch.allclose(d.step_back(noisy, x, t, s, torch.zeros_like(x)), mean)
    fresh = torch.randn_like(x)
    assert torch.allclose(d.step_back(noisy, x, t, s, fresh), mean + variance.sqrt() * fresh)


@pytest.mark.parametrize("random", [False, True])
def test_a_step_back_from_the_true_picture_has_the_marginal_of_its_time(random):
    torch.manual_seed(1)
    x = torch.full((1, 1, 400, 400), 0.3, dtype=torch.float64)
    now, then = torch.tensor(0.2, dtype=torch.float64), torch.tensor(0.6, dtype=torch.float64)
    noisy = d.noised(x, torch.randn_like(x), now)
    fresh = torch.randn_like(x) if random else None
    made = d.step_back(noisy, x, now, then, fresh)
    assert float(made.mean()) == pytest.approx(0.3 * math.sqrt(0.6), abs=0.01)
    assert float(made.var()) == pytest.approx(0.4, abs=0.01)


def test_without_fresh_noise_the_noise_stays_the_same(pair):
    x, noise = pair
    now, then = torch.tensor(0.2, dtype=torch.float64), torch.tensor(0.6, dtype=torch.float64)
    assert torch.allclose(d.step_back(d.noised(x, noise, now), x, now, then), d.noised(x, noise, then))
    assert torch.allclose(d.step_back(d.noised(x, noise, now), x, now, torch.ones(())), x)
