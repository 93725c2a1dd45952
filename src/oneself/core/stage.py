"""What the loop runs: learners, what happens between steps, and the estimate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.optim import Optimizer

from oneself.core.averaging import WeightAverage
from oneself.core.objective import Example, Term
from oneself.core.stopping import Last, Never, Selection, StoppingRule

__all__ = ["Fit", "Input", "Learner", "OptimiserFactory", "Schedule", "Stage"]

OptimiserFactory = Callable[[Iterable[nn.Parameter]], Optimizer]
Schedule = Callable[[float], float]


class Input(nn.Module, ABC):
    """How examples are made: called once a step (random, may touch the host).

    ``evaluation_example`` is the one for a clean look.
    """

    @abstractmethod
    def forward(self) -> Example: ...

    @abstractmethod
    def evaluation_example(self) -> Example: ...


@dataclass(frozen=True)
class Learner:
    """Whoever moves: some parameters, the terms they minimise, and how.

    Attributes
    ----------
    module : Module
        Its parameters that require a gradient are optimised.
    draw : callable
        Makes an ``Example``; may touch the host (crops, flips, choices).
    terms : callable
        Example to named scalars; pure tensor code that can be compiled.
    optimiser : callable
        Parameters to a torch optimiser.
    schedule : callable or None
        Progress in [0, 1] to a factor of the learning rate.
    repeats : int
        Moves per step.
    """

    module: nn.Module
    draw: Callable[[], Example]
    terms: Callable[[Example], Mapping[str, Tensor]]
    optimiser: OptimiserFactory
    schedule: Schedule | None = None
    repeats: int = 1


class Stage(nn.Module, ABC):
    """What the loop can run.

    Attributes
    ----------
    steps : int
        Steps unless ``stop`` ends it before.
    stop, selection : StoppingRule, Selection
        When to stop, and what to return.
    rise : float
        By which factor the objective may rise between two looks (every 50 steps) before the loop calls it a
        collapse and goes back; infinite where the objective is noisy by nature.
    answer_cost : float
        What making the answer costs, in steps' worth; kept back from a time budget.
    time_share : float
        Of the time that a budget has left, what the stage may take; less than 1 where others follow.
    notes : sequence of str
        What the user should know of how the stage was set up, such as an estimate in place of what was not given.
    last_output : Tensor or None
        The estimate that the last step computed, detached; ``None`` where a step sees only patches.
    """

    def __init__(
        self,
        *,
        steps: int,
        stop: StoppingRule | None = None,
        selection: Selection | None = None,
        rise: float = float("inf"),
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.notes = tuple(notes)
        self.steps, self.rise, self.answer_cost, self.time_share = steps, rise, 1.0, 1.0
        self.stop: StoppingRule = stop or Never()
        self.selection: Selection = selection or Last()
        self.last_output: Tensor | None = None

    def learners(self) -> Sequence[Learner]:
        """Who moves in a step; nobody where ``solve`` does the work."""
        return []

    @abstractmethod
    def estimate(self) -> Tensor:
        """A clean look at what is estimated as it stands: one tensor, of images ``(1, C, *spatial)``."""

    def answer(self) -> Tensor:
        """The estimate that ``selection`` holds to be the answer."""
        return self.selection.answer(self)

    def parts(self) -> Mapping[str, Tensor]:
        """What there is besides the answer, by name, ``(1, C, *spatial)``: an uncertainty, a layer, a mask."""
        return self.selection.parts()

    def solve(self) -> Mapping[str, Tensor]:
        """What a step does in closed form, without a gradient, before ``after_step``: named scalars to log.

        A stage without learners does all its work here; it may touch the host.
        """
        return {}

    def after_step(self) -> None:
        """What happens after the learners moved: duals, averages, a learning rate cut."""


class Fit(Stage):
    """The plain stage of one learner: structure, input, loss, regularisation, output.

    Parameters
    ----------
    structure : Module
        The network, called with ``example.input``.
    input : Input
        Makes the examples.
    loss, regularisation : Term
        The columns of the survey's tables; summed.
    optimiser : callable
        Parameters to optimiser.
    schedule : callable, optional
        Progress in [0, 1] to a factor of the learning rate.
    output : callable, optional
        ``output(network)`` makes the estimate; the default applies the network to ``input.evaluation_example()``.
    average : WeightAverage, optional
        Averages the network's weights; the estimate then uses the average.
    image_output : bool
        Whether the network's answer at a step is the image itself (not a patch or a shrunken copy).
    """

    def __init__(
        self,
        *,
        structure: nn.Module,
        input: Input,
        loss: Term,
        optimiser: OptimiserFactory,
        steps: int,
        regularisation: Term | None = None,
        schedule: Schedule | None = None,
        output: Callable[[nn.Module], Tensor] | None = None,
        average: WeightAverage | None = None,
        stop: StoppingRule | None = None,
        selection: Selection | None = None,
        rise: float = float("inf"),
        answer_cost: float = 1.0,
        image_output: bool = True,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(steps=steps, stop=stop, selection=selection, rise=rise, notes=notes)
        self.structure, self.input = structure, input
        self.objective: Term = loss if regularisation is None else loss + regularisation
        self.optimiser, self.schedule, self.output = optimiser, schedule, output
        self.average, self.answer_cost, self.image_output = average, answer_cost, image_output

    def terms(self, example: Example) -> Mapping[str, Tensor]:
        x = self.structure(*example.input)
        if self.image_output:
            self.last_output = x.detach().float()
        return self.objective.values(x, example)

    def learners(self) -> Sequence[Learner]:
        return [Learner(self, self.input, self.terms, self.optimiser, self.schedule)]

    def after_step(self) -> None:
        self.objective.advance()
        if self.average is not None:
            self.average.update(self.structure)

    @property
    def network(self) -> nn.Module:
        """The network that makes the estimate: the averaged one where there is one."""
        return self.structure if self.average is None else self.average.network

    def estimate(self) -> Tensor:
        if self.output is not None:
            return self.output(self.network)
        x: Tensor = self.network(*self.input.evaluation_example().input)
        return x
