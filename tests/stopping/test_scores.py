"""Scores against their formulas, computed another way."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from oneself.core import Score, Step
from oneself.stopping import HeldOut, MovingVariance, Objective, Residual, WindowVariance
from oneself.stopping.slope import Reconstruction

from ..core.toys import looked


def outputs(count: int, *shape: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(shape or (1, 2, 5, 7), generator=generator) + index / 10 for index in range(count)]


def trace(score: Score, xs: list[Tensor], first: int = 0) -> list[float]:
    return [float(score(looked(index, x))) for index, x in enumerate(xs, first)]


def windowed(xs: list[Tensor], size: int) -> list[float]:
    arrays = np.stack([x.double().numpy().ravel() for x in xs])
    return [
        math.inf if last < size else float(arrays[last - size : last].var(axis=0).mean())
        for last in range(1, len(xs) + 1)
    ]


@pytest.mark.parametrize("size", [2, 5, 30])
def test_window_variance_is_that_of_the_window(size: int) -> None:
    xs = outputs(40)
    assert trace(WindowVariance(size), xs) == pytest.approx(windowed(xs, size), rel=1e-4)


def test_window_variance_of_the_running_average() -> None:
    xs, smooth = outputs(30), [outputs(1)[0]]
    for x in xs[1:]:
        smooth.append(0.8 * smooth[-1] + 0.2 * x)
    assert trace(WindowVariance(6, smoothing=0.8), xs) == pytest.approx(windowed(smooth, 6), rel=1e-4)


def test_window_variance_watches_no_more_elements_than_it_may() -> None:
    xs = outputs(12, 1, 1, 100)
    score = WindowVariance(4, pixels=34)
    assert trace(score, xs) == pytest.approx(windowed([x[..., ::3] for x in xs], 4), rel=1e-4)
    assert score.window.shape == (4, 34)


def test_window_variance_is_not_lost_in_rounding() -> None:
    xs = [0.5 + 1e-4 * x for x in outputs(500)]
    assert trace(WindowVariance(20), xs)[-1] == pytest.approx(windowed(xs, 20)[-1], rel=1e-2)
    assert trace(WindowVariance(3), [xs[0]] * 9)[-1] == 0


@pytest.mark.parametrize("first", [13, 16, 27])
def test_window_variance_after_going_back(first: int) -> None:
    """The steps between are forgotten: the window goes on from what it held, whatever the next step's number."""
    xs = outputs(40)
    score = WindowVariance(6)
    trace(score, xs[:3])
    healthy = {name: value.clone() for name, value in score.state_dict().items()}
    trace(score, [x * math.nan for x in xs[3:first]], 3)
    score.load_state_dict(healthy)
    found = trace(score, xs[first:], first)
    assert found == pytest.approx(windowed([*xs[:3], *xs[first:]], 6)[3:], rel=1e-4)


def test_moving_variance_is_the_published_recursion() -> None:
    xs, rate = outputs(120), 0.1
    mean, variance, expected = xs[0].double(), 0.0, []
    for index, x in enumerate(xs):
        variance = (1 - rate) * (variance + rate * float((x.double() - mean).square().mean()))
        mean = (1 - rate) * mean + rate * x.double()
        expected.append(variance if index >= 100 else math.inf)
    assert trace(MovingVariance(), xs) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("make", [lambda: WindowVariance(5, 0.5), MovingVariance])
def test_variances_are_saved_and_go_on(make: type[Score]) -> None:
    xs = outputs(120)
    whole, first, second = make(), make(), make()
    expected = trace(whole, xs)
    trace(first, xs[:9])
    second.load_state_dict(first.state_dict())
    assert trace(second, xs[9:], 9) == expected[9:]


@pytest.mark.parametrize(("smoothing", "warm"), [(0.0, 1), (0.5, 2), (0.9, 10)])
def test_the_objective_is_the_running_average_of_the_sum_of_its_parts(smoothing: float, warm: int) -> None:
    values = torch.rand(20, 2, generator=torch.Generator().manual_seed(0)) - 0.5
    score, expected, found = Objective(smoothing), [float(values[0].sum())], []
    for value in values[1:]:
        expected.append(smoothing * expected[-1] + (1 - smoothing) * float(value.sum()))
    for index, (first, second) in enumerate(values):
        terms = {"first": first, "second": second}
        found.append(float(score(Step(0, index, 20, torch.device("cpu"), terms, None, torch.Tensor))))
    assert found[: warm - 1] == [math.inf] * (warm - 1)
    assert found[warm - 1 :] == pytest.approx(expected[warm - 1 :], rel=1e-5, abs=1e-6)


def test_held_out_is_the_error_where_hidden() -> None:
    y, x = outputs(2)
    hidden = torch.zeros(1, 1, 5, 7)
    hidden[..., 2:4, 3] = 1
    score = HeldOut(y, hidden, lambda x: 2 * x)
    gap = (2 * x - y)[:, :, 2:4, 3]
    assert trace(score, [x]) == pytest.approx([float(gap.square().mean())])
    x = x + 100 * (1 - hidden)
    assert trace(score, [x]) == pytest.approx([float(gap.square().mean())])


def test_nothing_held_out_is_refused() -> None:
    with pytest.raises(ValueError, match=r"HeldOut\(hidden\): no element is hidden\. Hide a larger share"):
        HeldOut(torch.ones(1, 1, 4), torch.zeros(1, 1, 4), lambda x: x)


def test_residual_is_one_where_what_is_left_is_the_noise() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(1, 1, 100, 100, generator=generator)
    noise = torch.randn(1, 1, 100, 50, generator=generator)
    noise = 0.2 * noise / noise.square().mean().sqrt()

    def A(x: Tensor) -> Tensor:
        return x[..., ::2]

    score = Residual(A(x) + noise, 0.2, A)
    assert trace(score, [x]) == pytest.approx([1.0], rel=1e-5)
    assert trace(score, [x + 0.3]) == pytest.approx([1 + 0.3**2 / 0.2**2], abs=0.1)


def test_reconstruction_is_looked_at_now_and_then_and_after_going_back() -> None:
    gaps = iter([2.0, 3.0, 4.0])
    score = Reconstruction(lambda: torch.tensor([next(gaps)]))
    assert trace(score, outputs(52)) == [4] * 50 + [9] * 2
    score.load_state_dict({})
    assert trace(score, outputs(1), 60) == [16]


def test_scores_see_a_clean_look_where_a_step_has_no_output() -> None:
    step = SimpleNamespace(seen=torch.full((1, 1, 4), 3.0), index=0, steps=1)
    assert float(Residual(torch.ones(1, 1, 4), 0.5, nn.Identity())(step)) == 16
