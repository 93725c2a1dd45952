"""Fourier features and the observation as an input, against their formulas."""

import math

import pytest
import torch

from oneself.inputs import Observation, Positions
from oneself.testing.operators import Pool


@pytest.mark.parametrize("size", [(7,), (5, 9), (3, 4, 5)])
def test_features_are_sines_and_cosines_of_the_position(size):
    y = torch.rand(1, 3, *size, dtype=torch.float64)
    found = Positions(y, size, frequencies=3, highest=16.0).evaluation_example().input[0]
    assert found.dtype == y.dtype
    assert found.shape == (1, 2 * 3 * len(size), *size)
    waves = [1.0, 4.0, 16.0]  # from 1 to the highest, evenly on a logarithmic scale
    for axis, n in enumerate(size):
        for k, wave in enumerate(waves):
            for at in (0, 1, n - 1):
                phase = 2 * math.pi * wave * at / (n - 1)
                sine, cosine = (found[0, 6 * axis + 3 * half + k].select(axis, at) for half in (0, 1))
                torch.testing.assert_close(sine, torch.full_like(sine, math.sin(phase)), atol=1e-4, rtol=0)
                torch.testing.assert_close(cosine, torch.full_like(cosine, math.cos(phase)), atol=1e-4, rtol=0)


def test_positions_are_jittered_as_a_code_is():
    torch.manual_seed(0)
    y = torch.rand(1, 1, 40, 50)
    positions = Positions(y, (40, 50), 4, 16.0, jitter=0.2)
    gap = positions().input[0] - positions.evaluation_example().input[0]
    assert float(gap.std()) == pytest.approx(0.2, rel=0.03)
    assert torch.equal(positions().target, y)


def test_the_observation_is_seen_through_the_adjoint_with_a_probe():
    torch.manual_seed(0)
    y = torch.rand(1, 1, 60, 50)
    given = Observation(y, Pool().A_adjoint)
    (z, probe), target, _ = given()
    assert torch.equal(z, Pool().A_adjoint(y))
    assert torch.equal(target, y)
    assert probe.shape == y.shape
    assert float(probe.std()) == pytest.approx(1, rel=0.05)
    assert not torch.equal(given().input[1], probe)
    assert torch.equal(given.evaluation_example().input[0], z)


def test_an_observation_is_shaken_at_a_level_drawn_anew():
    torch.manual_seed(0)
    y = torch.rand(1, 1, 60, 50)
    given = Observation(y, lambda v: v, jitter=0.4)
    levels = [float((given().input[0] - y).std()) for _ in range(200)]
    assert max(levels) < 0.43
    assert min(levels) < 0.02
    assert sum(levels) / 200 == pytest.approx(0.2, abs=0.03)  # of a level uniform up to 0.4
    assert torch.equal(given().target, y)
    assert torch.equal(given.evaluation_example().input[0], y)
