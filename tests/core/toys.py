"""Methods small enough to know everything about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import pytest
import torch
from torch import Tensor, nn

from oneself.core import Example, Fit, Input, Option, Recipe, Run, Score, Stage, Step, StoppingRule, Term, method

CITE = "Toy. A method for tests. 2020."


class Constant(nn.Module):
    """An image of free values, whatever it is called with."""

    def __init__(self, y: Tensor, start: float = 0.0) -> None:
        super().__init__()
        self.image = nn.Parameter(torch.full_like(y, start))

    def forward(self, z: Tensor) -> Tensor:
        return self.image + 0 * z


class Target(Input):
    """Input 0, target y plus fresh noise."""

    def __init__(self, y: Tensor, noise: float = 0.1) -> None:
        super().__init__()
        self.y, self.noise = y, noise

    def forward(self) -> Example:
        return Example((torch.zeros(()),), self.y + self.noise * torch.randn_like(self.y))

    def evaluation_example(self) -> Example:
        return Example((torch.zeros(()),), self.y)


class Square(Term):
    name = "square"

    def forward(self, x: Tensor, example: Example) -> Tensor:
        return (x - example.target).square().mean()


class After(StoppingRule):
    """Met once ``count`` steps were taken."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.register_buffer("calls", torch.tensor(0))

    def met(self, step: Any) -> Tensor:
        self.calls += 1
        return self.calls >= self.count

    def reason(self) -> str:
        return f"{self.count} steps were enough"


def fit(
    y: Tensor, steps: int = 20, rate: float = 0.1, noise: float = 0.1, loss: Term | None = None, **more: Any
) -> Fit:
    return Fit(
        structure=Constant(y),
        input=Target(y, noise),
        loss=loss or Square(),
        optimiser=lambda parameters: torch.optim.SGD(parameters, lr=rate * y.numel()),
        steps=steps,
        **more,
    )


@method("Toy", cite=CITE, tasks=("denoise",), presets={"long": {"steps": 40}})
def toy(
    y: Tensor,
    physics: Any,
    *,
    steps: Annotated[int, Option("steps", low=1)] = 20,
    rate: Annotated[float, Option("learning rate", above=0, below=1)] = 0.1,
    kind: Annotated[Literal["plain", "fancy"], Option("which")] = "plain",
    level: Annotated[float | None, Option("noise level", low=0, high=2)] = None,
    bright: Annotated[bool, Option("whether")] = False,
) -> Fit:
    return fit(y, steps, rate)


@method("Ladder", cite=CITE, tasks=("denoise",))
def ladder(y: Tensor, physics: Any, *, steps: Annotated[int, Option("steps of each stage", low=1)] = 6) -> Recipe:
    """Three stages: on a part of the image, on the whole from there, and once more."""
    below = yield fit(y[..., : y.shape[-1] // 2], steps)
    whole = fit(y, steps, stop=After(2 * steps))
    with torch.no_grad():
        half = below.estimate()
        whole.structure.image.copy_(torch.cat([half, half], -1))
    done = yield whole
    last = fit(y, steps)
    with torch.no_grad():
        last.structure.image.copy_(done.answer())
    yield last
    return last.answer() + 1


def image(*shape: int) -> Tensor:
    return torch.rand(shape or (1, 2, 6, 8), generator=torch.Generator().manual_seed(0))


def run_of(make: Callable[[Tensor], Stage], y: Tensor | None = None, **more: Any) -> Run:
    """A run of whatever stage ``make(y)`` gives."""

    @method("Made", cite=CITE, tasks=("denoise",))
    def made(y: Tensor, physics: Any) -> Stage:
        return make(y)

    return Run(made, image() if y is None else y, device="cpu", **more)


def looked(index: int, x: Tensor | None = None, steps: int = 1000) -> Step:
    """What a score, a rule or a selection is shown after step ``index``."""
    return Step(0, index, steps, torch.device("cpu"), {}, image() if x is None else x, lambda: torch.zeros(()))


class Given(Score):
    """The score is what it is said to be at each step."""

    name = "given"

    def __init__(self, values: Sequence[float]) -> None:
        super().__init__()
        self.values = list(values)

    def measure(self, step: Step) -> Tensor:
        return torch.tensor(float(self.values[step.index]))


class At(StoppingRule):
    """Met at some steps only."""

    def __init__(self, *indices: int) -> None:
        super().__init__()
        self.indices, self.calls = indices, 0

    def met(self, step: Step) -> Tensor:
        self.calls += 1
        return torch.tensor(step.index in self.indices)

    def reason(self) -> str:
        return f"at {self.indices}"


class Clock:
    """Time that passes when it is told to, in place of the loop's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        for module in ("loop", "runner", "stopping"):
            monkeypatch.setattr(f"oneself.core.{module}.time", SimpleNamespace(monotonic=lambda: self.now))


class Ticking(Square):
    """A loss that takes a second on a clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def forward(self, x: Tensor, example: Example) -> Tensor:
        self.clock.now += 1
        return super().forward(x, example)
