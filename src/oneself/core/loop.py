"""The loop: every method of the library is run by it."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from oneself.core.checkpoint import load_tree, save_tree
from oneself.core.compute import Compute, peak_memory
from oneself.core.context import own_context, pass_on
from oneself.core.identity import fingerprint, identity
from oneself.core.method import Method
from oneself.core.option import shown
from oneself.core.physics import Identity, check_images, check_physics, check_task, physics_on
from oneself.core.randomness import Randomness, check_seed
from oneself.core.result import Result, StageRecord, versions
from oneself.core.resuming import check_state, resuming
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
        One measurement, ``(1, C, *spatial)``, floating point; images are in [0, 1].
    physics : object, optional
        The forward operator, by deepinv's conventions; denoising needs none.
    seed : int
        Same seed, same answer on a CPU. The caller's random state is neither used nor changed.
    preset : str, optional
        A named set of the method's options.
    seconds : float, optional
        Time allowed; the best so far is returned when it is used up.
    device, precision, compile
        ``"cpu"``, ``"cuda"``, … (a GPU where there is one); ``"float32"`` or ``"bfloat16"``; whether to compile.
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
        y: Tensor,
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
        if preset is None and self.compute.device.type == "cuda":
            preset = method.gpu_preset
        settled = method.resolve_options(options, preset)
        self.options = {name: self._own(value) for name, value in settled.items()}
        self._told = {name: identity(value) for name, value in self.options.items()}
        check_measurement(method, y)
        if seconds is not None and not seconds > 0:
            raise ValueError(f"Run(seconds={seconds}): the time allowed must be above 0. Give seconds, or none.")
        self.method, self.seed, self.seconds, self.plan = method, check_seed(seed), seconds, tuple(plan)
        self.y, self.dtype = self._own(y), y.dtype
        self.physics = physics_on(Identity() if physics is None else physics, self.compute.device)
        check_physics(method.key, method.needs, self.y, self.physics)
        check_task(method.key, method.tasks, self.y, self.physics)
        images = {name: value for name, value in self.options.items() if isinstance(value, Tensor)}
        check_images(method.key, images, self.y, self.physics)
        check_room(method.key, self.y.shape[1:], lighter(method, self.options))
        self._done: list[StageRunner] = []
        self._now: StageRunner | None = None
        self._answer: Tensor | None = None
        self._resumed: list[dict[str, Any]] = []
        self._concluding = False
        self._before, self._began = 0.0, time.monotonic()
        self._walk = self._steps()

    def _own(self, value: Any) -> Any:
        """An option's value; an image copied to where the work is done, laid out in memory the same however it came:
        random numbers drawn like it follow its layout. A module is copied where it is."""
        if not isinstance(value, Tensor):
            return copy.deepcopy(value) if isinstance(value, nn.Module) else value
        return value.detach().to(self.compute.device, torch.float32, copy=True).contiguous()

    @own_context()
    def __next__(self) -> Step:
        with telling(self.method, self.options):
            return next(self._walk)

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
                resumed = False
                yield step
            sent = self._now.stage
            self._done.append(self._now)

    def _stages(self) -> Any:
        recipe = self.method(self.y, self.physics, **self._given())
        if isinstance(recipe, Stage):
            yield recipe
            return None
        return (yield from recipe)

    def _given(self) -> dict[str, Any]:
        """The options as the method is given them: modules as they came however often it runs, as it may train them."""
        return {
            name: copy.deepcopy(value).to(self.compute.device) if isinstance(value, nn.Module) else value
            for name, value in self.options.items()
        }

    def _begin(self, number: int, stage: Stage, stream: Randomness) -> StageRunner:
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
    def answer(self) -> Tensor:
        """The restored image ``(1, C, *spatial)`` in the measurement's dtype: the best so far while in progress.

        Where stages remain, they are run through without a step, so that the answer has its full size.
        """
        answer = self._ended()._answer
        assert answer is not None
        return answer.to(self.dtype)

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
        other.dtype, other.compute = self.dtype, self.compute
        other.load_state_dict(self.state_dict())
        other._concluding = True
        for _ in other:
            pass
        return other

    @property
    @own_context()
    def stages(self) -> tuple[Stage, ...]:
        """The stages as they stand, for what a method has found besides images: all of them, as of ``answer``."""
        return tuple(runner.stage for runner in self._ended()._done)

    def finish(self) -> Result[Tensor]:
        """Run to the end."""
        for _ in self:
            pass_on()
        return self.result()

    @own_context()
    def result(self) -> Result[Tensor]:
        """The answer with its history, as it stands."""
        ended = self._ended()
        runners = self._done if self.finished or self._now is None else [*self._done, self._now]
        return Result(
            image=ended.answer,
            method=self.method.key,
            history=_joined([runner.traces() for runner in runners]),
            stages=tuple(runner.record for runner in runners),
            seconds=self.elapsed,
            peak_memory=peak_memory(self.compute.device),
            options=dict(self.options),
            seed=self.seed,
            device=str(self.compute.device),
            versions=versions(),
            cite=self.method.cite,
            notes=tuple(note for runner in runners for note in runner.stage.notes),
            parts={name: part.detach().to(self.dtype) for name, part in ended._done[-1].stage.parts().items()},
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
            "shape": list(self.y.shape),
            "measurement": fingerprint(self.y),
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
        for what, mine in _flat(self._identity()).items():
            theirs = _flat(state["belongs_to"]).get(what)
            if theirs != mine:
                raise ValueError(
                    f"Run.load: the checkpoint's {what} is {shown(theirs)}, this run's is {shown(mine)}. "
                    "Give what the checkpoint was made with, or start without it."
                )
        self._resumed, self._before, self._began = list(state["stages"]), state["seconds"], time.monotonic()

    def save(self, path: str | Path) -> None:
        """Write the state to a file (safetensors), aside first, then renamed."""
        save_tree(self.state_dict(), path)

    def load(self, path: str | Path) -> None:
        """Go on from a file that ``save`` wrote. Raises as ``load_state_dict``, and for a damaged file."""
        self.load_state_dict(load_tree(path))


def check_measurement(method: Method, y: Tensor) -> None:
    """Refuse a measurement that the method cannot work on, before the first step."""
    name = f"{method.key}(y.shape={tuple(y.shape)})"
    if not y.is_floating_point():
        raise TypeError(f"{name}: dtype {y.dtype} is not real floating point. Convert it, scaled to [0, 1].")
    if y.ndim - 2 not in method.dims:
        allowed = " or ".join(f"{dims}D" for dims in method.dims)
        raise ValueError(f"{name}: {method.title} works on {allowed} inputs, shaped (1, channels, *spatial).")
    if y.shape[0] != 1:
        raise ValueError(f"{name}: a run takes one input. Use Reconstructor, which restores each of a batch alone.")
    if y.numel() == 0 or not bool(torch.isfinite(y).all()):
        raise ValueError(f"{name}: empty, or NaN or infinite values. Remove or inpaint those first.")


def _flat(identity: Mapping[str, Any]) -> dict[str, Any]:
    """What a run belongs to, each option by itself."""
    options = {f"option {name}": value for name, value in identity["options"].items()}
    return {"method": identity["method"], **options, **{k: v for k, v in identity.items() if k != "options"}}


def _joined(traces: list[dict[str, Tensor]]) -> dict[str, list[float]]:
    names = dict.fromkeys(name for trace in traces for name in trace)
    lengths = [len(next(iter(trace.values()))) if trace else 0 for trace in traces]
    nan = float("nan")
    return {
        name: [v for t, n in zip(traces, lengths, strict=True) for v in (t[name].tolist() if name in t else [nan] * n)]
        for name in names
    }
