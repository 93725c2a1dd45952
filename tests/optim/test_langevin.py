"""Langevin dynamics on a Gaussian posterior against its closed form."""

import pytest
import torch
from torch import nn

from oneself.optim import Langevin, Muon


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


def test_it_descends_as_muon_does_and_then_is_noisy() -> None:
    start = torch.randn(20, 20, 3, generator=torch.Generator().manual_seed(0))
    one, other = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    sampler, muon = Langevin([one], lr=1e-4, energy=3.0, descent=4, fall=0.02), Muon([other], lr=0.02)
    for seed in range(5):
        before = one.detach().clone()
        gradient = torch.randn(start.shape, generator=torch.Generator().manual_seed(seed))
        one.grad, other.grad = gradient.clone(), gradient.clone()
        sampler.step()
        muon.step()
        assert torch.equal(one, other) == (seed < 4)
    metric = 1 / sampler.state[one]["metric"].sqrt()  # measured all along
    noise = (one.detach() - before + 0.5e-4 * metric * 3.0 * gradient) / (1e-4 * metric).sqrt()
    assert float(noise.std()) == pytest.approx(1.0, rel=0.1)


def test_a_sampler_that_descends_is_saved_and_restored() -> None:
    def moved(sampler: Langevin, weight: nn.Parameter, seeds: range) -> torch.Tensor:
        for seed in seeds:
            weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(seed))
            torch.manual_seed(seed)
            sampler.step()
        return weight.detach().clone()

    whole, part = nn.Parameter(torch.ones(16, 16, 3)), nn.Parameter(torch.ones(16, 16, 3))
    straight = moved(Langevin([whole], lr=1e-3, descent=3), whole, range(6))
    first = Langevin([part], lr=1e-3, descent=3)
    moved(first, part, range(2))
    second = Langevin([part], lr=1e-3, descent=3)
    second.load_state_dict(first.state_dict())
    assert torch.equal(moved(second, part, range(2, 6)), straight)


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="above 0"):
        Langevin([nn.Parameter(torch.zeros(1))], lr=0.0)
