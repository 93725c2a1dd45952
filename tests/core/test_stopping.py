"""Scores are computed once a step; rules combine, and say why."""

import copy

import pytest
import torch
from torch import Tensor

from oneself.core import Last, Never, Score, Seconds, Step, StoppingRule

from .toys import At, Clock, Given, fit, image, looked


def fired(rule: StoppingRule, steps: int) -> list[int]:
    return [index for index in range(steps) if bool(rule(looked(index)))]


def test_either_is_met_by_one() -> None:
    assert fired(At(2, 5) | At(5, 7), 10) == [2, 5, 7]
    assert fired(Never(), 10) == []


def test_both_rules_always_advance() -> None:
    first, second = At(*range(10)), At()
    fired(first | second, 10)
    fired(second | first, 10)
    assert first.calls == second.calls == 20


@pytest.mark.parametrize(("index", "reason"), [(2, "at (2, 5)"), (5, "at (2, 5) and at (5, 7)"), (7, "at (5, 7)")])
def test_either_names_the_rules_that_were_met(index: int, reason: str) -> None:
    rule = At(2, 5) | At(5, 7)
    rule(looked(index))
    assert rule.reason() == reason


def test_nested_reasons_name_only_what_was_met() -> None:
    rule = (At(1) | At(1, 2)) | At(2) | Never()
    rule(looked(2))
    assert rule.reason() == "at (1, 2) and at (2,)"


def test_what_was_met_is_saved() -> None:
    rule, fresh = At(1) | At(2), At(1) | At(2)
    rule(looked(2))
    fresh.load_state_dict(rule.state_dict())
    assert fresh.reason() == "at (2,)"


def test_time_is_counted_and_kept_back_for_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    rule, tight = Seconds(10), Seconds(10, reserve=3)
    done = []
    for index in range(12):
        clock.now += 1
        done.append((bool(rule(looked(index))), bool(tight(looked(index)))))
    assert [a for a, _ in done].index(True) == 9  # after the tenth second
    assert [b for _, b in done].index(True) == 6  # three steps of a second each are kept back
    assert rule.reason() == "the time allowed (10 s) was used up"


def test_time_is_counted_over_interruptions(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    before = Seconds(10)
    clock.now += 7
    before(looked(0))
    clock.now += 1000
    after = Seconds(10)
    after.load_state_dict(before.state_dict())
    clock.now += 2
    assert not after(looked(1))
    assert float(after.elapsed) == pytest.approx(9)
    clock.now += 1
    assert after(looked(2))


def test_going_back_after_a_fall_gives_no_time_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    rule = Seconds(10)
    healthy = copy.deepcopy(rule.state_dict())
    clock.now += 9
    rule(looked(0))
    rule.load_state_dict(healthy)
    clock.now += 1
    assert rule(looked(1))


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_no_time_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match=r"Seconds\(seconds=.*must be above 0\. Give seconds"):
        Seconds(seconds)


class Counting(Score):
    name = "counting"

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.measured = torch.nn.Parameter(torch.ones(())), 0

    def measure(self, step: Step) -> Tensor:
        self.measured += 1
        return self.weight * step.index


def test_a_score_is_measured_once_a_step_and_carries_no_graph() -> None:
    score = Counting()
    for index in (4, 5):
        step = looked(index)
        values = [score(step) for _ in range(3)]
        assert [float(value) for value in values] == [index] * 3
        assert not values[0].requires_grad
    assert score.measured == 2


def test_a_step_of_the_same_index_is_another_step() -> None:
    score = Given([1.0])
    score(looked(0))
    score.values = [2.0]
    assert float(score(looked(0))) == 2


def test_the_last_iterate_is_the_stages_estimate() -> None:
    stage = fit(image())
    with torch.no_grad():
        stage.structure.image.fill_(0.25)
    assert torch.equal(Last().answer(stage), torch.full_like(image(), 0.25))
    assert Last().words() == "the last iterate"


def step_with(output: Tensor | None) -> tuple[Step, list[int]]:
    looks: list[int] = []

    def look() -> Tensor:
        looks.append(1)
        return torch.full((1, 1, 2), 5.0)

    return Step(0, 0, 1, torch.device("cpu"), {}, output, look), looks


def test_a_step_looks_only_when_asked_and_once() -> None:
    step, looks = step_with(torch.zeros(1, 1, 2))
    assert float(step.seen.sum()) == 0
    assert not looks
    assert float(step.estimate.sum()) == float(step.estimate.sum()) == 10
    assert len(looks) == 1


def test_a_step_without_an_output_is_seen_by_a_clean_look() -> None:
    step, looks = step_with(None)
    assert float(step.seen.sum()) == 10
    assert step.seen is step.estimate
    assert len(looks) == 1
