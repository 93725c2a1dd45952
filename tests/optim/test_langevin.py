"""Langevin dynamics on a Gaussian posterior against its closed form."""

import pytest
import torch
from torch import nn

from oneself.optim import Langevin


@pytest.mark.parametrize("decay", [None, 0.999])
def test_it_samples_the_gaussian_posterior(decay):
    torch.manual_seed(0)
    curvature, centre = torch.tensor([1.0, 4.0]), torch.tensor([0.5, -1.0])
    chains = nn.Parameter(torch.zeros(400, 2))
    sampler = Langevin([chains], lr=0.05 if decay is None else 0.02, energy=3.0, decay=decay)
    seen = []
    for step in range(1500):
        sampler.zero_grad()
        # each chain's loss ½ curvature (w - centre)², so the posterior is N(centre, 1 / (3 curvature))
        (0.5 * curvature * (chains - centre).square()).sum().backward()
        sampler.step()
        if step >= 500 and step % 10 == 0:
            seen.append(chains.detach().clone())
    samples = torch.stack(seen)
    torch.testing.assert_close(samples.mean((0, 1)), centre, atol=0.06, rtol=0)
    variance = samples.var((0, 1)) * 3 * curvature
    torch.testing.assert_close(variance, torch.ones(2), atol=0.3 if decay else 0.25, rtol=0)


def test_energy_makes_it_colder():
    spreads = []
    for energy in (1.0, 100.0):
        torch.manual_seed(0)
        chains = nn.Parameter(torch.zeros(500))
        sampler = Langevin([chains], lr=0.01 / energy, energy=energy, decay=None)
        for _ in range(1500):
            sampler.zero_grad()
            (0.5 * chains.square()).sum().backward()
            sampler.step()
        spreads.append(float(chains.detach().std()))
    assert spreads == pytest.approx([1.0, 0.1], rel=0.15)


def test_noise_grows_over_the_cold_steps_and_stays():
    def still(steps: int) -> float:
        """The spread of chains that no slope moves, by the noise of the last step alone."""
        torch.manual_seed(0)
        chains = nn.Parameter(torch.zeros(4000))
        sampler = Langevin([chains], lr=0.01, decay=None, cold=100)
        for _ in range(steps):
            before = chains.detach().clone()
            chains.grad = torch.zeros_like(chains)
            sampler.step()
        return float((chains.detach() - before).var()) / 0.01

    assert still(50) == 0.0
    assert still(75) == pytest.approx(0.5, rel=0.1)
    assert still(130) == pytest.approx(1.0, rel=0.1)


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="above 0"):
        Langevin([nn.Parameter(torch.zeros(1))], lr=0.0)
