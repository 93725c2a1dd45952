"""A run is iterated, looked at, left, saved and resumed, and each of these changes nothing."""

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from oneself.core import Fit, Result, Run, StageRecord, Step
from oneself.stopping import Average

from .toys import Clock, Ticking, fit, image, ladder, run_of, toy

Y = image()


def toy_run(y: Tensor = Y, **options: Any) -> Run:
    return Run(toy, y, device="cpu", **options)


def ladder_run(**options: Any) -> Run:
    return Run(ladder, Y, device="cpu", **options)


def test_it_is_an_iterator_of_steps() -> None:
    run = toy_run(steps=4)
    assert iter(run) is run
    steps = list(run)
    assert [(step.stage, step.index, step.steps) for step in steps] == [(0, index, 4) for index in range(4)]
    assert all(isinstance(step, Step) for step in steps)
    assert run.finished
    with pytest.raises(StopIteration):
        next(run)
    assert run.finish().steps == 4


def test_a_second_loop_goes_on_where_the_first_was_left() -> None:
    whole, run = toy_run().finish(), toy_run()
    for step in run:
        if step.index == 6:
            break
    early = run.result()
    assert (early.steps, early.stopped_by) == (7, "the caller")
    assert not run.finished
    assert [step.index for step in run] == list(range(7, 20))
    assert torch.equal(run.answer, whole.image)
    assert run.result().history == whole.history
    assert not torch.equal(early.image, whole.image)


def test_looking_changes_nothing_and_is_repeatable() -> None:
    def random_looks(y: Tensor) -> Fit:
        return fit(y, output=lambda network: network(torch.zeros(())) + torch.randn(()))

    quiet = run_of(random_looks)
    untouched = [step.estimate for step in quiet][-1]
    run = run_of(random_looks)
    for step in run:
        assert torch.equal(step.estimate, run.answer)
        run.result()
        run.state_dict()
    assert torch.equal(step.estimate, untouched)
    assert run.result().history == quiet.result().history


def test_the_caller_may_use_torch_between_steps() -> None:
    run = toy_run()
    for _ in run:
        torch.manual_seed(5)
        torch.rand(9)
    assert torch.equal(run.answer, toy_run().finish().image)


def test_seeds_tell_runs_apart() -> None:
    assert torch.equal(toy_run(seed=3).finish().image, toy_run(seed=3).finish().image)
    assert not torch.equal(toy_run(seed=3).finish().image, toy_run(seed=4).finish().image)


def test_before_the_first_step_there_is_no_answer() -> None:
    with pytest.raises(RuntimeError, match=r"Run\.answer: no step was taken yet\. Iterate the run first"):
        toy_run().result()


def test_the_measurement_is_the_runs_own() -> None:
    y = Y.clone()
    run = toy_run(y)
    next(run)
    y.fill_(math.nan)
    assert torch.equal(run.finish().image, toy_run().finish().image)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_the_answer_has_the_measurements_dtype(dtype: torch.dtype) -> None:
    run = toy_run(Y.to(dtype))
    next(run)
    assert run.answer.dtype == dtype
    assert run.finish().image.dtype == dtype


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (torch.zeros(1, 1, 4, dtype=torch.uint8), TypeError, r"toy\(y\.shape=\(1, 1, 4\)\): dtype torch\.uint8"),
        (torch.zeros(1, 1, 4, dtype=torch.complex64), TypeError, "not real floating point"),
        (torch.zeros(2, 1, 4), ValueError, "a run takes one input. Use Reconstructor"),
        (torch.zeros(0, 1, 4), ValueError, "a run takes one input"),
        (torch.zeros(1, 4), ValueError, "works on 1D or 2D or 3D inputs"),
        (torch.zeros(1, 1, 2, 2, 2, 2), ValueError, "works on 1D or 2D or 3D inputs"),
        (torch.zeros(1, 1, 0), ValueError, "empty, or NaN"),
        (torch.tensor([[[0.0, math.nan]]]), ValueError, "NaN or infinite values. Remove or inpaint"),
        (torch.tensor([[[0.0, math.inf]]]), ValueError, "NaN or infinite"),
    ],
)
def test_measurements_that_cannot_be_worked_on_are_refused(y: Tensor, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        toy_run(y)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"seconds": 0}, ValueError, r"Run\(seconds=0\): the time allowed must be above 0"),
        ({"seconds": math.nan}, ValueError, "the time allowed must be above 0"),
        ({"preset": "short"}, ValueError, "no such preset"),
        ({"steps": 0}, ValueError, r"toy\(steps=0\): out of range"),
        ({"step": 3}, TypeError, "Did you mean 'steps'"),
        ({"physics": SimpleNamespace(A=lambda x: x)}, TypeError, "needs the operator's A_adjoint"),
    ],
)
def test_what_is_wrong_is_told_before_the_first_step(
    given: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        toy_run(**given)


def test_presets_and_options_reach_the_method() -> None:
    assert toy_run(preset="long").finish().steps == 40
    assert toy_run(preset="long", steps=3).finish().options == {**toy.resolve_options({}), "steps": 3}


def test_the_result_tells_all() -> None:
    result = toy_run(steps=5, seed=7).finish()
    assert (result.method, result.seed, result.device, result.steps) == ("toy", 7, "cpu", 5)
    assert list(result.history) == ["square"]
    assert len(result.history["square"]) == 5
    assert result.stages == (StageRecord(5, 5, "all 5 steps were taken; returned the last iterate"),)
    assert result.versions["torch"] == torch.__version__
    assert result.cite == toy.cite
    assert 0 < result.seconds < 60
    assert result.peak_memory > 0


def test_why_it_stopped_in_words() -> None:
    def result(*stages: StageRecord) -> Result[None]:
        return Result(None, "toy", {}, stages, 0.0, 0, {}, 0, "cpu", {}, "")

    one, two = StageRecord(9, 4, "a rule"), StageRecord(9, 9, "all 9 steps were taken")
    assert result(one).stopped_by == "a rule"
    assert result(one, two).stopped_by == "stage 1: a rule; stage 2: all 9 steps were taken"
    assert result(one, two).steps == 13


class Other(Average):
    """A selection whose words are its own."""

    def words(self) -> str:
        return "another thing"


def test_history_of_stages_is_joined_with_gaps() -> None:
    result = ladder_run(steps=3).finish()
    assert [record.steps for record in result.stages] == [3, 3, 3]
    assert len(result.history["square"]) == 9
    assert result.stopped_by.startswith("stage 1: all 3 steps were taken; returned the last iterate; stage 2: all 3")
    assert "another thing" in run_of(lambda y: fit(y, selection=Other())).finish().stopped_by


def test_a_recipe_is_sent_its_fitted_stages_and_says_the_answer() -> None:
    result = ladder_run(steps=40).finish()
    assert result.image.shape == Y.shape
    assert torch.allclose(result.image, Y + 1, atol=0.2)  # the recipe adds 1


def test_stages_have_streams_of_their_own() -> None:
    def noise(run: Run) -> list[float]:
        return list(run.finish().history["square"])

    traces = noise(ladder_run(steps=3))
    other = noise(ladder_run(steps=4))
    assert traces[:3] == other[:3]
    alone = run_of(lambda y: fit(y[..., :4], 3)).finish().history["square"]
    assert traces[:3] == alone

    def twice(y: Tensor) -> Any:
        yield fit(y, 3)
        yield fit(y, 3)

    both = noise(run_of(twice))
    assert both[:3] != both[3:]


@pytest.mark.parametrize("taken", [1, 5, 6, 7, 11, 12, 17, 18])
def test_the_answer_of_an_unfinished_ladder_has_full_size(taken: int) -> None:
    run = ladder_run()
    for _ in range(taken):
        next(run)
    early = run.result()
    assert early.image.shape == Y.shape
    assert torch.isfinite(early.image).all()
    assert early.steps == taken
    assert torch.equal(early.image, run.answer)
    half = (early.image[..., :4] - Y[..., :4] - 1).abs().mean()
    assert half < 0.5 * 0.8**taken + 0.07  # what was learned is in it
    assert torch.equal(run.finish().image, ladder_run().finish().image)


def resumed(make: Callable[[], Run], path: Path, taken: int) -> Run:
    run = make()
    for _ in range(taken):
        next(run)
    run.save(path)
    again = make()
    again.load(path)
    return again


@pytest.mark.parametrize("taken", range(19))
def test_resuming_is_exact_within_and_between_stages(tmp_path: Path, taken: int) -> None:
    whole = ladder_run().finish()
    again = resumed(ladder_run, tmp_path / "run", taken)
    steps = [(step.stage, step.index) for step in again]
    assert steps == [(index // 6, index % 6) for index in range(taken, 18)]
    result = again.result()
    assert torch.equal(result.image, whole.image)
    assert result.stages == whole.stages
    assert result.history == whole.history


def test_resuming_twice_is_exact(tmp_path: Path) -> None:
    first = resumed(ladder_run, tmp_path / "run", 4)
    for _ in range(5):
        next(first)
    first.save(tmp_path / "run")
    again = ladder_run()
    again.load(tmp_path / "run")
    assert torch.equal(again.finish().image, ladder_run().finish().image)


def test_a_resumed_run_answers_as_the_one_that_was_left(tmp_path: Path) -> None:
    run = ladder_run()
    for _ in range(8):
        next(run)
    run.save(tmp_path / "run")
    again = ladder_run()
    again.load(tmp_path / "run")
    next(run)
    next(again)
    assert torch.equal(run.answer, again.answer)


def test_a_finished_run_can_be_read_back(tmp_path: Path) -> None:
    whole = ladder_run()
    whole.finish().image.fill_(0)
    again = resumed(ladder_run, tmp_path / "run", 18)
    assert list(again) == []
    assert torch.equal(again.answer, ladder_run().finish().image)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (lambda: ladder_run(steps=20), "method is 'toy', this run's is 'ladder'"),
        (lambda: toy_run(steps=21), "option steps is 20, this run's is 21"),
        (lambda: toy_run(seed=1), "seed is 0, this run's is 1"),
        (lambda: toy_run(Y[..., :4]), "shape is"),
        (lambda: toy_run(Y.flip(-1)), "measurement is"),
        (lambda: toy_run(Y * 0.9), "measurement is"),
        (lambda: toy_run(plan=[StageRecord(20, 20, "")]), "plan is"),
    ],
)
def test_a_checkpoint_of_anything_else_is_refused(tmp_path: Path, other: Callable[[], Run], what: str) -> None:
    run = toy_run()
    next(run)
    run.save(tmp_path / "run")
    with pytest.raises(ValueError, match=rf"Run\.load: the checkpoint's {what}.*or start without it"):
        other().load(tmp_path / "run")
    again = toy_run()
    again.load(tmp_path / "run")
    assert torch.equal(again.finish().image, run.finish().image)


def test_a_run_that_has_begun_loads_nothing(tmp_path: Path) -> None:
    run = toy_run()
    next(run)
    run.save(tmp_path / "run")
    with pytest.raises(RuntimeError, match=r"Run\.load: the run has begun\. Load into a fresh one"):
        run.load(tmp_path / "run")


def test_a_planned_run_answers_and_resumes(tmp_path: Path) -> None:
    plan = [StageRecord(6, 4, ""), StageRecord(6, 6, ""), StageRecord(6, 2, "")]
    whole = ladder_run(plan=plan).finish()
    assert [record.steps for record in whole.stages] == [4, 6, 2]
    again = resumed(lambda: ladder_run(plan=plan), tmp_path / "run", 5)
    next(again)
    assert again.answer.shape == Y.shape
    assert torch.equal(again.finish().image, whole.image)


def test_time_goes_on_counting_over_interruptions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clock = Clock(monkeypatch)

    def make() -> Run:
        return run_of(lambda y: fit(y, 100, loss=Ticking(clock)), seconds=20)

    whole = make().finish()
    run = make()
    for _ in range(8):
        next(run)
    run.save(tmp_path / "run")
    clock.now += 1000
    again = make()
    again.load(tmp_path / "run")
    result = again.finish()
    assert result.steps == whole.steps == 19
    assert result.seconds == whole.seconds == 19
    assert torch.equal(result.image, whole.image)


def test_stages_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)

    def two(y: Tensor) -> Any:
        yield fit(y, 8, loss=Ticking(clock))
        yield fit(y, 100, loss=Ticking(clock))
        yield fit(y, 100, loss=Ticking(clock))

    result = run_of(two, seconds=20).finish()
    assert [record.steps for record in result.stages] == [8, 11, 1]
    assert result.stages[1].stopped_by.startswith("the time allowed (12 s) was used up")
