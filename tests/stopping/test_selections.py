"""Which iterate is returned."""

import math

import pytest
import torch
from torch import Tensor

from oneself.core import Selection
from oneself.stopping import Average, Best, HeldOut, WindowVariance, early_stopping

from ..core.toys import Given, fit, image, looked

STAGE = fit(image())


def outputs(count: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(1, 2, 6, 8, generator=generator) for _ in range(count)]


def shown(selection: Selection, xs: list[Tensor], first: int = 0) -> Selection:
    for index, x in enumerate(xs, first):
        selection.update(looked(index, x))
    return selection


def test_the_plain_mean() -> None:
    xs = outputs(9)
    selection = shown(Average(), xs)
    assert torch.allclose(selection.answer(STAGE), torch.stack(xs).mean(0), atol=1e-6)
    assert selection.words() == "the average of the iterates"


def test_the_running_average() -> None:
    xs = outputs(30)
    mean = xs[0]
    for count, x in enumerate(xs[1:], 2):
        weight = max(1 / count, 0.1)
        mean = (1 - weight) * mean + weight * x
    assert torch.allclose(shown(Average(0.9), xs).answer(STAGE), mean, atol=1e-5)


def test_a_decay_of_none_at_all_is_the_last_iterate() -> None:
    xs = outputs(3)
    selection = shown(Average(0.0), xs)
    assert torch.equal(selection.answer(STAGE), xs[-1])
    assert selection.words() == "the last iterate"


def test_before_anything_was_seen_the_answer_is_the_estimate() -> None:
    for selection in (Average(), Best(Given([]))):
        assert torch.equal(selection.answer(STAGE), STAGE.estimate())


@pytest.mark.parametrize("values", [[3, 1, 2, 5], [3, 1, 1, 1], [math.inf, 1, 2, math.nan], [math.nan, -1, 0, 0]])
def test_best_is_the_iterate_of_the_lowest_score(values: list[float]) -> None:
    xs = outputs(4)
    selection = shown(Best(Given(values)), xs)
    assert torch.equal(selection.answer(STAGE), xs[1])
    assert selection.words() == "the iterate of step 2, where given was lowest"


def test_best_of_the_running_average() -> None:
    xs = outputs(6)
    selection = shown(Best(Given([5, 4, 1, 3, 2, 2]), of=Average(0.5)), xs)
    assert torch.equal(selection.answer(STAGE), shown(Average(0.5), xs[:3]).answer(STAGE))
    assert selection.words() == "the running average of the iterates of step 3, where given was lowest"
    plain = Best(Given([1]), of=Average(0.0))
    shown(plain, xs[:1])
    assert plain.words() == "the iterate of step 1, where given was lowest"


def test_an_average_that_a_score_and_a_selection_share_moves_once_a_step() -> None:
    xs, mean = outputs(5), Average(0.5)
    score = HeldOut(torch.zeros_like(xs[0]), torch.ones_like(xs[0]), torch.nn.Identity(), of=mean)
    best = shown(Best(score, of=mean), xs)
    assert torch.equal(mean.answer(STAGE), shown(Average(0.5), xs).answer(STAGE))
    errors = [float(shown(Average(0.5), xs[:n]).answer(STAGE).square().mean()) for n in range(1, 6)]
    assert best.words().startswith(f"the running average of the iterates of step {1 + errors.index(min(errors))},")


def test_while_no_score_can_be_told_the_newest_is_kept() -> None:
    xs = outputs(3)
    selection = shown(Best(Given([math.inf] * 3)), xs)
    assert torch.equal(selection.answer(STAGE), xs[-1])
    assert selection.words() == "the last iterate (given was not known yet)"


def test_a_kept_image_is_not_written_to_later() -> None:
    xs = outputs(3)
    selection = shown(Best(Given([2, 1, 0])), xs[:2])
    answer = selection.answer(STAGE)
    shown(selection, xs[2:], 2)
    assert torch.equal(answer, xs[1])


def test_what_is_kept_is_saved() -> None:
    xs = outputs(6)
    values = [5, 4, 1, 3, 2, 0]
    first, second, whole = (Best(Given(values), of=Average(0.5)) for _ in range(3))
    shown(first, xs[:4])
    second.load_state_dict(first.state_dict())
    assert torch.equal(shown(second, xs[4:], 4).answer(STAGE), shown(whole, xs).answer(STAGE))


def test_the_windowed_variance_stops_near_the_turn() -> None:
    """Outputs that come ever closer to the truth and then, faster and faster, to its noisy measurement."""
    torch.manual_seed(0)
    truth, noise, turn = torch.rand(1, 1, 16, 16), 0.3 * torch.randn(1, 1, 16, 16), 150
    rule, selection = early_stopping(WindowVariance(15), patience=60, start=0, average=0.0)
    stopped = None
    for index in range(400):
        x = truth * (1 - math.exp(-index / 30)) + 0.003 * torch.randn_like(truth)
        x = x + noise * (1 - math.exp(-max(0, index - turn) / 60))
        step = looked(index, x)
        selection.update(step)
        if bool(rule(step)):
            stopped = index
            break
    assert turn - 40 < int(selection.step) < turn + 25
    assert stopped == int(selection.step) - 1 + 60
    error = float((selection.answer(STAGE) - truth).square().mean())
    assert error < 0.02 * float((x - truth).square().mean())
    assert rule.reason() == "window_variance had not improved for 60 steps"
