"""Fits of several images at once, whose mixture is what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from oneself.core import Example, Fit, Input, Score, Term
from oneself.inputs import Together
from oneself.losses import OfLayer
from oneself.stopping import Average, Best

__all__ = ["LayeredFit", "Layers"]

Stack = Mapping[str, Tensor]
Read = Callable[[Stack], Tensor]
Finish = Callable[[Stack], tuple[Tensor, Mapping[str, Tensor]]]


class Layers(nn.Module):
    """Several generators side by side: their images, stacked along the channels.

    Parameters
    ----------
    **networks : (Module, int)
        By the name of what it makes, each network and how many channels that has.
    """

    def __init__(self, **networks: tuple[nn.Module, int]) -> None:
        super().__init__()
        self.networks = nn.ModuleDict({name: network for name, (network, _) in networks.items()})
        self.channels = {name: channels for name, (_, channels) in networks.items()}

    def forward(self, *codes: Tensor) -> Tensor:
        return torch.cat([network(z) for network, z in zip(self.networks.values(), codes, strict=True)], dim=1)

    def split(self, stack: Tensor) -> dict[str, Tensor]:
        """The images of a stack by name."""
        return dict(zip(self.channels, stack.split(list(self.channels.values()), dim=1), strict=True))

    def pick(self, name: str) -> Callable[[Tensor], Tensor]:
        """The function that takes one image out of a stack."""
        return lambda stack: self.split(stack)[name]

    def picked(self, stack: Tensor, *names: str) -> tuple[Tensor, ...]:
        """Some images of a stack."""
        found = self.split(stack)
        return tuple(found[name] for name in names)

    def term(self, name: str, term: Term, called: str | None = None) -> OfLayer:
        """A term of one image, under a name of its own where given."""
        return OfLayer(called or term.name, self.pick(name), term)


class LayeredFit(Fit):
    """The stage of a separation: the stack of layers that ``score`` likes best is kept, and finished once at the end.

    Parameters
    ----------
    structure : Layers
    look : callable
        The layers by name to the image that is wanted, cheaply: once a step.
    finish : callable
        The layers by name to the image and what else was found, once.
    score : Score
        Best when lowest.
    average : float
        Decay of the running average of the layers.
    **fit
        As of ``Fit``.
    """

    structure: Layers
    input: Together

    def __init__(self, *, look: Read, finish: Finish, score: Score, average: float, **fit: Any) -> None:
        super().__init__(**fit)
        self.look, self.finish = look, finish
        self.stack: Tensor | None = None
        self.selection = Best(score, of=Average(average, of=self._made))

    @property
    def codes(self) -> tuple[Input, ...]:
        """The input of each network."""
        return tuple(self.input.inputs)

    def _made(self) -> Tensor:
        assert self.stack is not None
        return self.stack

    def terms(self, example: Example) -> Mapping[str, Tensor]:
        x = self.structure(*example.input)
        self.stack = x.detach().float()
        self.last_output = self.look(self.structure.split(self.stack))
        return self.objective.values(x, example)

    def estimate(self) -> Tensor:
        return self.look(self.structure.split(self.structure(*self.input.evaluation_example().input)))

    def answer(self) -> Tensor:
        return self._finished()[0]

    def parts(self) -> Mapping[str, Tensor]:
        return self._finished()[1]

    def _finished(self) -> tuple[Tensor, Mapping[str, Tensor]]:
        kept = self.selection.registered("best")
        with torch.no_grad():
            stack = self.structure(*self.input.evaluation_example().input).float() if kept is None else kept
            return self.finish(self.structure.split(stack))
