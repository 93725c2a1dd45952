"""Which iterate is the answer."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from oneself.core import Score, Selection, Stage, Step

__all__ = ["Average", "Best", "BestWeights"]


class Average(Selection):
    """A running average of the outputs: exponential with ``decay``, or the plain mean where ``decay`` is ``None``.

    Parameters
    ----------
    decay : float or None
        0.99 averages over about a hundred steps.
    of : callable, optional
        What is averaged, where it is not the step's output.
    """

    pointwise = True
    count: Tensor

    def __init__(self, decay: float | None = None, of: Callable[[], Tensor] | None = None) -> None:
        super().__init__()
        self.decay, self.of = decay, of
        self._counted: Step | None = None
        self.register_buffer("count", torch.tensor(0))

    def update(self, step: Step) -> None:
        if step is self._counted:  # a score and a selection share one average: it moves once a step
            return
        self._counted = step
        x = (step.seen if self.of is None else self.of()).float()
        self.count.add_(1)
        weight = (1 / self.count).clamp(min=0 if self.decay is None else 1 - self.decay)
        mean = self.registered("mean")
        self.register("mean", x if mean is None else torch.lerp(mean, x, weight.to(x)))

    def answer(self, stage: Stage) -> Tensor:
        mean = self.registered("mean")
        return stage.estimate() if mean is None else mean.clone()

    def words(self) -> str:
        if self.decay == 0:
            return "the last iterate"
        return "the average of the iterates" if self.decay is None else "the running average of the iterates"


class Best(Selection):
    """The iterate (or what another selection holds then) at which a score was lowest.

    Parameters
    ----------
    score : Score
    of : Selection, optional
        ``Best(score, of=Average(0.99))`` returns the running average as it stood when the score was lowest.
    """

    lowest: Tensor
    step: Tensor

    def __init__(self, score: Score, of: Average | None = None) -> None:
        super().__init__()
        self.score, self.of = score, of
        self.register_buffer("lowest", torch.tensor(torch.inf))
        self.register_buffer("step", torch.tensor(-1))

    def update(self, step: Step) -> None:
        value = self.score(step)
        if self.of is not None:
            self.of.update(step)
        better = (value < self.lowest) | ((self.step < 0) & torch.isfinite(value))
        self.lowest.copy_(torch.where(better, value, self.lowest))
        self.step.copy_(torch.where(better, step.index + 1, self.step))
        x = self._held_now(step).float()
        best = self.registered("best")
        if best is None or best.shape == x.shape:
            self.register("best", x if best is None else torch.where(better | (self.step < 0), x, best))
        elif bool(better | (self.step < 0)):  # of another shape: the host must know which
            self.register("best", x)

    def _held_now(self, step: Step) -> Tensor:
        mean = None if self.of is None else self.of.registered("mean")
        return step.seen if mean is None else mean

    def answer(self, stage: Stage) -> Tensor:
        best = self.registered("best")
        return stage.estimate() if best is None else best.clone()

    def words(self) -> str:
        held = "the last iterate" if self.of is None else self.of.words()
        if self.step < 0:
            return f"{held} ({self.score.name} was not known yet)"
        return f"{held.replace('the last', 'the')} of step {int(self.step)}, where {self.score.name} was lowest"


class BestWeights(Selection):
    """What a network made with the weights that it had when a score was lowest.

    The memory of a network where ``Best`` takes that of an image, and one answer where ``Best`` looks at every step:
    for steps that see only patches.

    Parameters
    ----------
    score : Score
    network : Module
        Whose weights are remembered; the current ones until the score can be told.
    output : callable
        Makes the answer from the network.
    """

    lowest: Tensor
    step: Tensor

    def __init__(self, score: Score, network: nn.Module, output: Callable[[nn.Module], Tensor]) -> None:
        super().__init__()
        self.score, self.output = score, output
        self._watched = (network,)  # hidden from torch: its weights are the stage's
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.register_buffer("lowest", torch.tensor(torch.inf))
        self.register_buffer("step", torch.tensor(-1))

    def update(self, step: Step) -> None:
        value = self.score(step)
        told = torch.isfinite(value)
        better = (value < self.lowest) | torch.isinf(self.lowest)
        self.lowest.copy_(torch.where(better & told, value, self.lowest))
        self.step.copy_(torch.where(better & told, step.index + 1, self.step))
        for mine, theirs in zip(self.network.parameters(), self._watched[0].parameters(), strict=True):
            mine.copy_(torch.where(better, theirs.detach(), mine))

    def answer(self, stage: Stage) -> Tensor:
        return self.output(self.network)

    def words(self) -> str:
        if self.step < 0:
            return f"the last iterate ({self.score.name} was not known yet)"
        return f"the iterate of step {int(self.step)}, where {self.score.name} was lowest"
