"""One stage in progress: the moves against closed forms, falls and their repair, time, and why it ended."""

import math
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from oneself.core import Compute, Diverged, Example, Fit, Learner, Stage, StoppingRule, WeightAverage
from oneself.stopping import Below, Best

from .toys import At, Clock, Constant, Given, Square, Ticking, fit, image, run_of

Y = image()


def test_every_step_is_a_step_of_the_optimiser() -> None:
    answer = run_of(lambda y: fit(y, steps=20, rate=0.1, noise=0)).finish().image
    assert torch.allclose(answer, Y * (1 - 0.8**20), atol=1e-6)


def test_the_schedule_multiplies_the_rate() -> None:
    answer = run_of(lambda y: fit(y, steps=10, rate=0.1, noise=0, schedule=lambda p: 1 - p)).finish().image
    left = math.prod(1 - 0.2 * (1 - k / 10) for k in range(10))
    assert torch.allclose(answer, Y * (1 - left), atol=1e-6)


def test_the_objective_is_fidelity_and_regularisation() -> None:
    class Small(Square):
        name = "small"

        def forward(self, x: Tensor, example: Example) -> Tensor:
            return x.square().mean()

    result = run_of(lambda y: fit(y, steps=200, rate=0.1, noise=0, regularisation=3 * Small())).finish()
    assert torch.allclose(result.image, Y / 4, atol=1e-5)
    assert result.history["small"][-1] == pytest.approx(3 * float((Y / 4).square().mean()), rel=1e-4)


def test_the_estimate_is_that_of_the_averaged_weights() -> None:
    def make(y: Tensor) -> Fit:
        stage = fit(y, steps=30, rate=0.1, noise=0)
        stage.average = WeightAverage(stage.structure, 0.9)
        return stage

    x, mean = torch.zeros_like(Y), torch.zeros_like(Y)
    for step in range(1, 31):
        x = x + 0.2 * (Y - x)
        kept = min(0.9, step / (step + 9))
        mean = kept * mean + (1 - kept) * x
    assert torch.allclose(run_of(make).finish().image, mean, atol=1e-5)


class Duel(Stage):
    """Two learners: the first is drawn to y, the second, twice a step, to the first."""

    def __init__(self, y: Tensor) -> None:
        super().__init__(steps=8)
        self.y, self.first, self.second = y, Constant(y), Constant(y)
        self.register_buffer("moved", torch.tensor(0))

    def learners(self) -> Sequence[Learner]:
        def sgd(parameters: object) -> torch.optim.Optimizer:
            return torch.optim.SGD(parameters, lr=0.1 * self.y.numel())

        zero = (torch.zeros(()),)
        return [
            Learner(self.first, lambda: Example(zero, self.y), lambda e: self._gap(self.first, e, "first"), sgd),
            Learner(
                self.second,
                lambda: Example(zero, self.first.image.detach()),
                lambda e: self._gap(self.second, e, "second"),
                sgd,
                repeats=2,
            ),
        ]

    @staticmethod
    def _gap(module: nn.Module, example: Example, name: str) -> dict[str, Tensor]:
        return {name: (module(*example.input) - example.target).square().mean()}

    def after_step(self) -> None:
        self.moved += 1

    def estimate(self) -> Tensor:
        return self.second.image


def test_players_move_in_turn_each_as_often_as_it_says() -> None:
    a = b = 0.0
    for _ in range(8):
        a += 0.2 * (1 - a)
        b += 0.2 * (a - b)
        b += 0.2 * (a - b)
    stages: list[Duel] = []
    result = run_of(lambda y: stages.append(Duel(y)) or stages[-1]).finish()
    assert torch.allclose(result.image, b * Y, atol=1e-6)
    assert list(result.history) == ["first", "second"]
    assert int(stages[0].moved) == 8


class Broken(Square):
    """Multiplied by ``factor`` at those calls that ``when`` names; going back does not change how many there were."""

    def __init__(self, when: Callable[[int], bool], factor: float = math.nan) -> None:
        super().__init__()
        self.when, self.factor, self.calls = when, factor, 0

    def forward(self, x: Tensor, example: Example) -> Tensor:
        self.calls += 1
        value = super().forward(x, example)
        return value * self.factor if self.when(self.calls) else value


def breaking(when: Callable[[int], bool], factor: float = math.nan, **more: object) -> Callable[[Tensor], Fit]:
    return lambda y: fit(y, **{"steps": 150, "rate": 0.01, "loss": Broken(when, factor), **more})


def test_after_a_fall_the_loop_goes_back_and_on() -> None:
    run, looks = run_of(breaking(lambda call: call == 60)), []
    for step in run:
        looks.append(step.estimate.clone())
    result = run.result()
    assert torch.equal(looks[99], looks[49])  # where it last stood well
    assert not torch.equal(looks[49], looks[0])
    assert result.stopped_by == "all 150 steps were taken; returned the last iterate"
    fell = [index for index, value in enumerate(result.history["square"]) if not math.isfinite(value)]
    assert fell == list(range(59, 100))
    expected = Y * (1 - 0.98**100)  # the moves of 150 steps less 50 that were taken back
    assert (result.image - expected).abs().max() < 0.045


def test_going_back_takes_the_optimiser_back_too() -> None:
    def make(when: Callable[[int], bool]) -> Callable[[Tensor], Fit]:
        def stage(y: Tensor) -> Fit:
            made = fit(y, steps=150, noise=0, loss=Broken(when))
            made.optimiser = lambda parameters: torch.optim.Adam(parameters, lr=0.003)
            return made

        return stage

    fallen = run_of(make(lambda call: call == 60)).finish().image
    whole = [step.estimate for step in run_of(make(lambda call: False))]
    assert torch.allclose(fallen, whole[99], atol=1e-6)


def test_the_third_fall_ends_with_what_stood_well() -> None:
    run, looks = run_of(breaking(lambda call: call >= 60, steps=1000)), []
    for step in run:
        looks.append(step.estimate.clone())
    result = run.result()
    assert result.stopped_by == "it diverged 3 times, last at step 200; returned what stood at step 50"
    assert result.steps == 200
    assert torch.equal(result.image, looks[49])
    assert torch.isfinite(result.image).all()


@pytest.mark.parametrize(("steps", "reached"), [(1000, 150), (20, 20)])
def test_what_never_stood_well_is_no_answer(steps: int, reached: int) -> None:
    run, taken = run_of(breaking(lambda call: call >= 3, steps=steps)), 0
    with pytest.raises(Diverged, match=r"left the finite numbers within 50 steps\. Check the measurement's range, or"):
        for taken, _ in enumerate(run, 1):  # noqa: B007 (read below)
            pass
    assert taken == reached - 1


@pytest.mark.parametrize(("rise", "falls"), [(math.inf, False), (20.0, False), (2.0, True)])
def test_a_rise_beyond_what_the_stage_allows_is_a_fall(rise: float, falls: bool) -> None:
    result = run_of(breaking(lambda call: call > 60, 10.0, steps=400, rate=1e-6, rise=rise)).finish()
    assert ("diverged 3 times" in result.stopped_by) == falls
    assert result.steps == (200 if falls else 400)


@pytest.mark.parametrize("rise", [math.inf, 2.0])
def test_a_perfect_fit_is_no_fall(rise: float) -> None:
    result = run_of(lambda y: fit(y, steps=250, rate=0.5, noise=0, rise=rise)).finish()
    assert result.history["square"][-1] == 0
    assert result.stopped_by.startswith("all 250 steps")


def test_a_rule_is_named_with_its_step_and_what_is_returned() -> None:
    score = Given([3, 1, 2, *[5] * 20])
    stop: StoppingRule = At(6) | Below(score, 0.5)
    result = run_of(lambda y: fit(y, stop=stop, selection=Best(score))).finish()
    assert result.stopped_by == "at (6,), at step 7; returned the iterate of step 2, where given was lowest"
    assert result.stages[0].planned == 20
    assert result.history["given"] == [3, 1, 2, 5, 5, 5, 5]


def test_what_was_met_between_two_looks_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Compute, "cadence", property(lambda self: 8))
    result = run_of(lambda y: fit(y, stop=At(2) | At(5, 7))).finish()
    assert result.stopped_by == "at (2,), at step 8; returned the last iterate"


def test_what_is_met_at_the_last_step_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Compute, "cadence", property(lambda self: 8))
    assert run_of(lambda y: fit(y, steps=12, stop=At(10))).finish().stopped_by.startswith("at (10,), at step 12")


def ticking(clock: Clock, **more: object) -> Callable[[Tensor], Fit]:
    return lambda y: fit(y, **{"steps": 100, "loss": Ticking(clock), "schedule": lambda p: 1 - p, **more})


def test_a_time_budget_keeps_the_schedule_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    run = run_of(ticking(clock), seconds=20)
    steps = [step.steps for step in run]
    assert steps == [100] * 5 + [17] * 12  # 0.9 * 20 seconds, less one for the answer
    result = run.result()
    assert result.stages[0].planned == result.steps == 17
    assert result.seconds == 17
    assert result.stopped_by.startswith("all 17 steps")


def test_a_hard_stop_stands_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    slow = run_of(ticking(clock, schedule=None), seconds=20).finish()
    assert slow.stopped_by == "the time allowed (20 s) was used up, at step 19; returned the last iterate"
    dear = run_of(ticking(clock, schedule=None, answer_cost=8), seconds=20).finish()
    assert dear.steps == 12


@pytest.mark.parametrize("seconds", [1e9, math.inf])
def test_more_time_than_needed_changes_nothing(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    clock = Clock(monkeypatch)
    assert run_of(ticking(clock), seconds=seconds).finish().stages == run_of(ticking(clock)).finish().stages


@pytest.mark.parametrize("more", [{}, {"schedule": None}])
@pytest.mark.parametrize("seconds", [3, 20])
def test_a_run_that_time_shortened_can_be_repeated(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, object], seconds: float
) -> None:
    clock = Clock(monkeypatch)
    first = run_of(ticking(clock, **more), seconds=seconds).finish()
    again = run_of(ticking(clock, **more), plan=first.stages).finish()
    assert first.steps == again.steps < 20
    assert torch.equal(first.image, again.image)
    assert first.history == again.history
    assert first.stages[0].planned == again.stages[0].planned
    assert not torch.equal(first.image, run_of(ticking(clock, **more)).finish().image)


def test_an_input_that_is_drawn_anew_is_drawn_from_the_runs_own_stream() -> None:
    torch.manual_seed(0)
    one = run_of(lambda y: fit(y, steps=3)).finish().image
    torch.manual_seed(1)
    before = torch.get_rng_state()
    assert torch.equal(run_of(lambda y: fit(y, steps=3)).finish().image, one)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(run_of(lambda y: fit(y, steps=3), seed=1).finish().image, one)


class Counted(Stage):
    """No learner: every step adds one in closed form."""

    total: Tensor

    def __init__(self, y: Tensor) -> None:
        super().__init__(steps=4)
        self.register_buffer("total", torch.zeros_like(y))

    def solve(self) -> dict[str, Tensor]:
        assert not torch.is_grad_enabled()
        self.total += 1
        return {"largest": self.total.max()}

    def estimate(self) -> Tensor:
        return self.total.clone()


def test_a_stage_may_work_without_players() -> None:
    run = run_of(Counted)
    steps = [float(step.terms["largest"]) for step in run]
    assert steps == [1, 2, 3, 4]
    result = run.result()
    assert result.history == {"largest": steps}
    assert torch.equal(result.image, torch.full_like(Y, 4))
