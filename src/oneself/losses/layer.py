"""Terms of one layer, where an image is a stack of several."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from oneself.core import Example, Term

__all__ = ["Decided", "Nearness", "OfLayer", "Smoothness"]


class OfLayer(Term):
    """A term of the layer that ``pick`` takes out of a stack."""

    def __init__(self, name: str, pick: Callable[[Tensor], Tensor], term: Term) -> None:
        super().__init__()
        self.name, self.pick, self.term = name, pick, term

    def advance(self) -> None:
        self.term.advance()

    def forward(self, x: Tensor, example: Example) -> Tensor:
        value: Tensor = self.term(self.pick(x), example)
        return value


class Nearness(Term):
    """``mean |x − target|^power`` over the elements where ``where`` is 1; for the first ``steps`` steps, if given.

    With ``where`` from hints it is the extended L1 loss of Double-DIP.
    """

    name = "nearness"
    target: Tensor
    where: Tensor
    left: Tensor

    def __init__(
        self, target: Tensor, where: Tensor | None = None, *, power: int = 2, steps: int | None = None
    ) -> None:
        super().__init__()
        self.power, self.fades = power, steps is not None
        self.register_buffer("target", target, persistent=False)
        self.register_buffer("where", torch.ones_like(target) if where is None else where, persistent=False)
        self.register_buffer("left", torch.tensor(1 if steps is None else steps))

    def advance(self) -> None:
        if self.fades:
            self.left.sub_(1).clamp_(min=0)

    def forward(self, x: Tensor, example: Example) -> Tensor:
        where = self.where.expand_as(x)
        gap = ((x - self.target).abs() ** self.power * where).sum() / where.sum().clamp(min=1)
        return gap * (self.left > 0)


class Smoothness(Term):
    """``sum over axes of the mean squared second difference``: 0 for an even slope."""

    name = "smoothness"

    def forward(self, x: Tensor, example: Example) -> Tensor:
        axes = [axis for axis in range(2, x.ndim) if x.shape[axis] > 2]
        return torch.stack([x.diff(n=2, dim=axis).square().mean() for axis in axes]).sum()


class Decided(Term):
    """``1 / (8 mean |m − ½|) − ¼``: 0 for a mask of 0 and 1, large for a gray one. Its weight grows over ``steps``.

    Gandelsman, Shocher, Irani. "Double-DIP". CVPR 2019.
    """

    name = "decided"
    taken: Tensor

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))

    def advance(self) -> None:
        self.taken += 1

    def forward(self, x: Tensor, example: Example) -> Tensor:
        grey = 1 / (8 * (x - 0.5).abs().mean() + 1e-3) - 1 / 4
        return grey * (self.taken / self.steps).clamp(max=1)
