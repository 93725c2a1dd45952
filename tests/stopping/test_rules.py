"""Rules by hand-made scores: the very step at which each stops."""

import itertools
import math

import numpy as np
import pytest
import torch

from oneself.core import StoppingRule
from oneself.stopping import After, Below, Patience, Plateau
from oneself.stopping.slope import SlopeCuts

from ..core.toys import Given, looked

INF, NAN = math.inf, math.nan


def first(rule: StoppingRule, count: int) -> int | None:
    return next((index for index in range(count) if bool(rule(looked(index)))), None)


@pytest.mark.parametrize(
    ("values", "start", "stop"),
    [
        ([5, 4, 3, 3, 3, 3, 3, 3], 0, 5),
        ([5, 4, 3, 4, 4, 2, 4, 4, 4], 0, 8),
        ([5, 4, 3, 3, 3, 3, 3, 3], 7, 7),
        ([INF, INF, INF, INF, INF, 3, 3, 3, 3], 0, 8),
        ([5, 4, 3, 2, 1, 0, -1, -2], 0, None),
        ([-1, -1, -1, -1], 0, 3),
        ([NAN, NAN, 5, 5, 5, 5, 4], 0, 5),
        ([5, 4, NAN, 3, 3, 3, 3], 0, 6),
    ],
)
def test_patience(values: list[float], start: int, stop: int | None) -> None:
    rule = Patience(Given(values), 3, start)
    assert first(rule, len(values)) == stop
    assert rule.reason() == "given had not improved for 3 steps"


def test_patience_is_saved_and_goes_on() -> None:
    values = [5, 4, 3, 3, 3, 3]
    rule, fresh = Patience(Given(values), 3), Patience(Given(values), 3)
    for index in range(4):
        rule(looked(index))
    fresh.load_state_dict(rule.state_dict())
    assert not fresh(looked(4))
    assert fresh(looked(5))


@pytest.mark.parametrize(("start", "stop"), [(0, 2), (3, 4)])
def test_below(start: int, stop: int) -> None:
    rule = Below(Given([INF, 3, 2, 5, 2, 1]), 2.0, start)
    assert first(rule, 6) == stop
    assert rule.reason() == "given fell to 2"
    assert first(Below(Given([NAN, INF, 3]), 2.0), 3) is None


@pytest.mark.parametrize(("steps", "stop"), [(0, 2), (2, 4), (9, None)])
def test_after_counts_from_the_first_time(steps: int, stop: int | None) -> None:
    rule = After(Below(Given([INF, 3, 2, 5, 2, 5, 5]), 2.0), steps)
    assert first(rule, 7) == stop
    assert rule.reason().startswith("given fell to 2")


@pytest.mark.parametrize(
    ("windows", "stop"),
    [
        ([4, 3, 2, 1.99], 3),
        ([4, 3, 2, 1.97], None),
        ([4, 4.5], 1),
        ([INF, 4, 4], 2),
        ([-1, -1.5, -1.501], 2),
    ],
)
def test_plateau_compares_the_means_of_windows(windows: list[float], stop: int | None) -> None:
    values = [mean + ripple for mean in windows for ripple in (-0.5, 0.0, 0.5)]
    rule = Plateau(Given(values), window=3, tolerance=0.01)
    assert first(rule, len(values)) == (None if stop is None else 3 * stop + 2)
    assert rule.reason() == "given had levelled out"


def test_plateau_waits_for_its_start() -> None:
    assert first(Plateau(Given([4.0] * 12), window=3, start=6), 12) == 8
    assert first(Plateau(Given([4.0] * 12), window=3), 12) == 5


def test_plateau_after_going_back_counts_what_it_remembers() -> None:
    rule = Plateau(Given([4, 4, *[0] * 6, *[2] * 20]), window=4)
    for index in range(2):
        rule(looked(index))
    healthy = {name: value.clone() for name, value in rule.state_dict().items()}
    for index in range(2, 8):
        rule(looked(index))
    rule.load_state_dict(healthy)
    stops = [index for index in range(8, 20) if bool(rule(looked(index)))]
    assert stops == [17]  # windows of means 3 (to step 9), 2 (to 13) and 2 (to 17)


def noisy_line(slope: float, scatter: float, count: int = 1200) -> Given:
    generator = torch.Generator().manual_seed(0)
    noise = scatter * torch.randn(count, generator=generator, dtype=torch.float64)
    return Given((10 + slope * torch.arange(count) + noise).tolist())


@pytest.mark.parametrize(("slope", "stops"), [(-1e-2, False), (0.0, True), (1e-3, True)])
def test_the_learning_rate_is_cut_until_it_is_spent(slope: float, stops: bool) -> None:
    rule, factors = SlopeCuts(noisy_line(slope, 1e-3, 1600)), []
    stopped = None
    for index in range(1600):
        if bool(rule(looked(index))) and stopped is None:
            stopped = index
        factors.append(rule.schedule(0.0))
    assert (stopped is not None) == stops
    changes = [index for index in range(1, 1600) if factors[index] < factors[index - 1]]
    assert all(b - a >= 256 for a, b in itertools.pairwise(changes))
    if stops:
        assert stopped == changes[2]
        assert factors[stopped] == pytest.approx(1e-3)


def test_the_line_is_fitted_by_least_squares() -> None:
    """Against numpy's line: cut where -1.5 slope is no larger than the slope's standard error."""
    seen = set()
    for seed in range(30):
        values = torch.randn(5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        values = values - 0.25 * torch.arange(5)
        rule = SlopeCuts(Given([]))
        rule.values.copy_(values)
        t = 50.0 * np.arange(5)
        (slope, _), covariance = np.polyfit(t, values.numpy(), 1, cov=True)
        expected = -1.5 * slope <= math.sqrt(covariance[0, 0])
        assert bool(rule.level()) == expected
        seen.add(expected)
    assert seen == {True, False}
