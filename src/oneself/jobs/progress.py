"""What a person sees on stderr while it runs: a line that moves, or plain lines where there is no terminal."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from oneself.jobs.errors import working
from oneself.quantities import duration

if TYPE_CHECKING:
    from rich.progress import Progress

    from oneself.core import Step
    from oneself.jobs.interruption import Interruption
    from oneself.registry import Run

__all__ = ["Display", "followed"]

LOOK = 0.2  # seconds between two reads of the device's numbers: each makes a GPU wait
PLAIN = 10.0  # seconds between two plain lines


class Steps(Protocol):
    """What the display needs of a run."""

    @property
    def seconds(self) -> float | None: ...
    @property
    def elapsed(self) -> float: ...


class Display:
    """Says what happens. ``quiet`` leaves warnings alone."""

    def __init__(self, quiet: bool = False) -> None:
        from rich.console import Console

        self.quiet, self.console = quiet, Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar: Progress | None = None
        self._task: Any = None
        self._looked = self._told = -math.inf
        self._first: tuple[float, int] | None = None

    def say(self, text: str, style: str = "") -> None:
        """A line, above the moving one."""
        if not self.quiet:
            self.console.print(text, style=style or None, markup=False)

    def warn(self, text: str) -> None:
        """A line that is said even when quiet."""
        self.console.print(f"warning: {text}", style="yellow", markup=False)

    def begin(self, name: str) -> None:
        """A run begins."""
        self._name, self._first = name, None
        self._looked, self._told = -math.inf, time.monotonic()
        if not self.quiet and self.console.is_terminal:
            self._bar = _bar(self.console)
            self._task = self._bar.add_task(name, total=None, words="first step")
            self._bar.start()

    def step(self, step: Step, run: Steps) -> None:
        """A step was taken; looked at only now and then."""
        now = time.monotonic()
        if self._first is None:
            self._first = now, step.index
        last = step.index + 1 == step.steps
        if self.quiet or (now - self._looked < LOOK and not last) or not (self._bar or now - self._told >= PLAIN):
            return
        self._looked = now
        words = self._words(step, run, now)
        if self._bar is not None:
            self._bar.update(self._task, completed=step.index + 1, total=step.steps, words=words)
        else:
            self._told = now
            self.say(f"  {self._name}: {words}")

    def end(self) -> None:
        """The run ended; the moving line goes."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _words(self, step: Step, run: Steps, now: float) -> str:
        began, index = self._first or (now, 0)
        rate = (step.index - index) / (now - began) if now > began else 0.0
        parts = [f"stage {step.stage + 1}"] if step.stage else []
        parts.append(f"{step.index + 1}/{step.steps} steps")
        if rate > 0:
            left = (step.steps - step.index - 1) / rate
            allowed = math.inf if run.seconds is None else max(0.0, run.seconds - run.elapsed)
            parts += [f"{rate:.3g}/s", f"{duration(min(left, allowed))} left"]
        return "  ".join([*parts, *_score(step)])


def followed(run: Run, name: str, display: Display, interruption: Interruption) -> Iterator[Step]:
    """The steps of a run, each shown, to its end or until it is asked to end.

    What a method refuses it refuses before its first step: what is raised after that is a failure, no refusal.
    """
    display.begin(name)
    try:
        step = next(run, None)
        with working():
            while step is not None:
                display.step(step, run)
                yield step
                step = None if interruption.asked else next(run, None)
    finally:
        display.end()


def _score(step: Step) -> list[str]:
    """The last score that can be told already, else the first term of the objective."""
    scores = {name: float(value) for name, value in reversed(step.scores.items())}
    known = [(name, value) for name, value in scores.items() if math.isfinite(value)]
    known += [(name, float(value)) for name, value in list(step.terms.items())[:1]]
    return [f"{name.replace('_', ' ')} {value:.3g}" for name, value in known[:1]]


def _bar(console: Any) -> Progress:
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("  {task.description}", markup=False), BarColumn(bar_width=24),
               TextColumn("{task.fields[words]}", markup=False))  # fmt: skip
    return Progress(*columns, console=console, transient=True, refresh_per_second=5)
