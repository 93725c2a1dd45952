"""The loop: every method of the library is run by it."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from oneself.core.checkpoint import load_tree, save_tree
from oneself.core.compute import Compute, peak_memory
from oneself.core.context import own_context, pass_on
from oneself.core.devices import CPU, lacks
from oneself.core.identity import identity
from oneself.core.method import Method
from oneself.core.option import OptionRecord
from oneself.core.physics import Identity, check_physics, physics_on
from oneself.core.randomness import Randomness, check_seed
from oneself.core.result import Result, StageRecord, joined, versions
from oneself.core.resuming import check_owner, check_state, resuming
from oneself.core.room import check_room, lighter, telling
from oneself.core.runner import StageRunner
from oneself.core.stage import Stage
from oneself.core.step import Step

__all__ = ["Run"]

MOMENT = 1e-3  # seconds left to a stage that begins after the time allowed is used up: one step


class Run(Iterator[Step]):
    """A fit in progress: iterate it, look at it, leave it, save it, resume it.

    ``for step in run:`` moves it; ``break`` leaves it at any time with a usable ``answer``, and a second ``for``
    goes on. ``finish()`` runs it to its end. Runs in several threads take turns, a step each, and give what they give
    alone; between two steps everything is as the caller has it.

    Parameters
    ----------
    method : Method
    y : Tensor
        One measurement, an input of the method's domain: of images ``(1, C, *spatial)``, floating point, in [0, 1].
    physics : object, optional
        The forward operator, by deepinv's conventions; denoising needs none.
    seed : int
        Same seed, same answer on a CPU. The caller's random state is neither used nor changed.
    preset : str, optional
        A named set of the method's options.
    seconds : float, optional
        Time allowed; the best so far is returned when it is used up.
    device, precision, compile
        ``"cpu"``, ``"cuda"``, ``"mps"``, … (CUDA where there is one); ``"float32"`` or ``"bfloat16"``; whether to
        compile. Where a device lacks an operation, the run goes on on the CPU, and warns.
    plan : sequence of StageRecord, optional
        The ``stages`` of an earlier result: repeats a run that time had shortened, step for step.
    **options
        The method's own; see ``method.options``.

    Raises
    ------
    TypeError, ValueError
        Anything wrong with the measurement, the operator or an option, before the first step.
    """

    @own_context()
    def __init__(
        self,
        method: Method,
        y: Any,
        physics: Any = None,
        *,
        seed: int = 0,
        preset: str | None = None,
        seconds: float | None = None,
        device: str | torch.device | None = None,
        precision: str = "float32",
        compile: bool = False,
        plan: Sequence[StageRecord] = (),
        **options: Any,
    ) -> None:
        self.compute = Compute.choose(device, precision, compile)
        preset, told = running_preset(method, preset, self.compute.device)
        settled = method.resolve_options(options, preset)
        domain = method.domain
        domain.check(method, y)
        if seconds is not None and not seconds > 0:
            raise ValueError(f"Run(seconds={seconds}): the time allowed must be above 0. Give seconds, or none.")
        self.method, self.seed, self.seconds, self.plan = method, check_seed(seed), seconds, tuple(plan)
        self._given, self.notes = y, told
        physics = Identity() if physics is None else physics
        check_physics(method.key, method.needs, physics)
        try:
            self._take(y, physics, settled)
        except Exception as error:
            self._leave_device(error)
            self._take(y, physics, settled)
        self._told = {record.name: identity(self.options[record.name], record.domain) for record in method.options}
        check_room(method.key, domain.shape(self.y), lighter(method, self.options), what=f"this {domain.name}")
        self._done: list[StageRunner] = []
        self._now: StageRunner | None = None
        self._answer: Tensor | None = None
        self._resumed: list[dict[str, Any]] = []
        self._concluding = self._under_way = False  # the latter: a step of the present stage was taken here
        self._before, self._began = 0.0, time.monotonic()
        self._walk = self._steps()

    def _take(self, y: Any, physics: Any, options: Mapping[str, Any]) -> None:
        """Copy all that is given to the device, and check whether it goes together."""
        self.y = self.method.domain.own(y, self.compute.device)
        self.options = {record.name: self._own(record, options[record.name]) for record in self.method.options}
        self.physics = physics_on(physics, self.compute.device)
        self.method.domain.check_operator(self.method, self.y, self.physics, self._beside())

    def _leave_device(self, error: Exception) -> None:
        """Compute on the CPU from now on where the device lacks what an operation takes, and say so; else raise."""
        cause, device = error.__cause__ or error, self.compute.device
        if not lacks(device, cause):
            raise error
        why = " ".join(str(cause).split()).partition(". ")[0]
        self.notes.append(f"{device} lacks what {self.method.key} takes ({why}): computed on the CPU")
        warnings.warn(self.notes[-1], stacklevel=4)
        self.compute = replace(self.compute, device=CPU)

    def _own(self, record: OptionRecord, value: Any) -> Any:
        """An option's value; another input copied to where the work is done, a module where it is."""
        if value is None or record.domain is None:
            return copy.deepcopy(value) if isinstance(value, nn.Module) else value
        return record.domain.own(value, self.compute.device)

    def _beside(self) -> dict[str, Any]:
        """The options that are inputs as the measurement is."""
        values = {r.name: self.options[r.name] for r in self.method.options if r.domain is self.method.domain}
        return {name: value for name, value in values.items() if value is not None}

    @own_context()
    def __next__(self) -> Step:
        with telling(self.method, self.options):
            try:
                return next(self._walk)
            except Exception as error:
                if self._under_way:
                    raise
                self._leave_device(error)
                self._begin_again()
                return next(self._walk)

    def _begin_again(self) -> None:
        """Take everything to where it is computed now; finished stages are given back, as where a run is resumed."""
        done = [runner.state_dict() for runner in self._done]
        self._resumed = [*done, *self._resumed[len(done) :]]
        self._done, self._now = [], None
        self._take(self.y, self.physics, self.options)
        self._walk = self._steps()

    def _steps(self) -> Iterator[Step]:
        stages, sent = self._stages(), None
        while True:
            number = len(self._done)
            stream = Randomness(self.seed, number, self.compute.device)
            with stream:
                try:
                    stage = stages.send(sent)
                except StopIteration as end:
                    self._end(end.value)
                    return
            self._now = self._begin(number, stage, stream)
            resumed = number < len(self._resumed)
            while not (self._concluding or self._now.finished):
                with resuming() if resumed else nullcontext():
                    step = self._now.advance()
                resumed, self._under_way = False, True
                yield step
            sent = self._now.stage
            self._done.append(self._now)
            self._under_way = False

    def _stages(self) -> Any:
        recipe = self.method(self.y, self.physics, **self.as_given())
        if isinstance(recipe, Stage):
            yield recipe
            return None
        return (yield from recipe)

    def as_given(self) -> dict[str, Any]:
        """The options as the method is given them: modules as they came however often it runs, as it may train them."""
        return {
            name: copy.deepcopy(value).to(self.compute.device) if isinstance(value, nn.Module) else value
            for name, value in self.options.items()
        }

    def _begin(self, number: int, stage: Stage, stream: Randomness) -> StageRunner:
        self._refuse_averages(stage)
        record = self.plan[number] if number < len(self.plan) else None
        resumed = self._resumed[number] if number < len(self._resumed) else None
        left = None
        if self.seconds is not None:
            own = 0.0 if resumed is None else resumed["seconds"]  # the stage counts these itself
            left = max(MOMENT, stage.time_share * (self.seconds - self.elapsed + own))
        runner = StageRunner(
            number,
            stage,
            stream,
            self.compute,
            seconds=left,
            planned=None if record is None else record.planned,
            limit=None if record is None else record.steps,
        )
        if resumed is not None:
            with resuming():
                runner.load_state_dict(resumed)
        return runner

    def _refuse_averages(self, stage: Stage) -> None:
        for part in stage.modules():
            if getattr(part, "pointwise", False) and not (
                self.method.domain.pointwise and self.method.answers.pointwise
            ):
                raise ValueError(
                    f"{self.method.key}({type(part).__name__}): it adds up the elements of estimates one by one, which "
                    f"those of a {self.method.domain.name} do not allow. Use another score or selection."
                )

    def _end(self, returned: Tensor | None) -> None:
        answer = self._done[-1].answer() if returned is None else returned.detach().float()
        self._before = self.elapsed
        self._answer = answer

    @property
    def elapsed(self) -> float:
        """Seconds spent, over interruptions."""
        return self._before if self.finished else self._before + time.monotonic() - self._began

    @property
    def finished(self) -> bool:
        return self._answer is not None

    @property
    @own_context()
    def answer(self) -> Any:
        """What was looked for, of the method's domain, in the measurement's dtype: the best so far while in progress.

        Where stages remain, they are run through without a step, so that the answer has its full size.
        """
        answer = self._ended()._answer
        assert answer is not None
        return self._out(answer)

    def _ended(self) -> Run:
        """This run where it is finished; else one that was run through from here without a step."""
        if self.finished:
            return self
        if self._now is None:
            raise RuntimeError("Run.answer: no step was taken yet. Iterate the run first.")
        return self._concluded()

    def _concluded(self) -> Run:
        other = Run(
            self.method,
            self.y,
            self.physics,
            seed=self.seed,
            device=self.compute.device,
            plan=self.plan,
            **self.options,
        )
        other._given, other.compute = self._given, self.compute
        other.load_state_dict(self.state_dict())
        other._concluding = True
        for _ in other:
            pass
        return other

    @property
    @own_context()
    def stages(self) -> tuple[Stage, ...]:
        """The stages as they stand, for what a method has found besides: all of them, as of ``answer``."""
        return tuple(runner.stage for runner in self._ended()._done)

    def _out(self, x: Tensor) -> Any:
        """What was computed as the caller has the measurement."""
        return self.method.answers.answer(x, self._given)

    def finish(self) -> Result[Any]:
        """Run to the end."""
        for _ in self:
            pass_on()
        return self.result()

    @own_context()
    def result(self) -> Result[Any]:
        """The answer with its history, as it stands."""
        ended = self._ended()
        runners = self._done if self.finished or self._now is None else [*self._done, self._now]
        return Result(
            answer=ended.answer,
            method=self.method.key,
            history=joined([runner.traces() for runner in runners]),
            stages=tuple(runner.record for runner in runners),
            seconds=self.elapsed,
            peak_memory=peak_memory(self.compute.device),
            options=dict(self.options),
            seed=self.seed,
            device=str(self.compute.device),
            versions=versions(),
            cite=self.method.cite,
            notes=(*self.notes, *(note for runner in runners for note in runner.stage.notes)),
            parts={name: self._out(part.detach()) for name, part in ended._done[-1].stage.parts().items()},
        )

    @own_context()
    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on exactly: finished stages, the current one, and what they belong to."""
        runners = self._done if self._now is None or self._now in self._done else [*self._done, self._now]
        return {
            "belongs_to": self._identity(),
            "seconds": self.elapsed,
            "stages": [runner.state_dict() for runner in runners],
        }

    def _identity(self) -> dict[str, Any]:
        return {
            "method": self.method.key,
            "options": self._told,
            "seed": self.seed,
            "shape": list(self.method.domain.shape(self.y)),
            "measurement": self.method.domain.fingerprint(self.y),
            "plan": [asdict(record) for record in self.plan],
        }

    @own_context()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state; the method runs again under the same stream and finished stages are given back.

        Raises
        ------
        ValueError
            The state belongs to another method, option, seed or measurement (named).
        RuntimeError
            The run has begun.
        """
        if self._now is not None:
            raise RuntimeError("Run.load: the run has begun. Load into a fresh one.")
        check_state(state)
        check_owner(state["belongs_to"], self._identity())
        self._resumed, self._before, self._began = list(state["stages"]), state["seconds"], time.monotonic()

    def save(self, path: str | Path) -> None:
        """Write the state to a file (safetensors), aside first, then renamed."""
        save_tree(self.state_dict(), path)

    def load(self, path: str | Path) -> None:
        """Go on from a file that ``save`` wrote. Raises as ``load_state_dict``, and for a damaged file."""
        self.load_state_dict(load_tree(path))


def running_preset(method: Method, preset: str | None, device: torch.device) -> tuple[str | None, list[str]]:
    """The preset that runs on a device, and a note where it is not the one that was asked for."""
    if preset is not None or method.gpu_preset is None or device.type != "cuda":
        return preset, []
    name = method.gpu_preset
    return name, [f"{method.key}: on a GPU the preset {name!r} runs unless another is named; options replace its own"]
