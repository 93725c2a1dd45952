"""How well an image explains its measurement."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from oneself.core import Example, Term

__all__ = ["Fidelity"]


class Fidelity(Term):
    """``mean |A x - y|^p``, over the elements that count where the example says which.

    Parameters
    ----------
    A : callable, optional
        The forward operator; the identity unless given.
    power : int
        2 for least squares, 1 for absolute errors.
    """

    name = "fidelity"

    def __init__(self, A: Callable[[Tensor], Tensor] = lambda x: x, power: int = 2) -> None:
        super().__init__()
        self.A, self.power = A, power

    def forward(self, x: Tensor, example: Example) -> Tensor:
        gap = (self.A(x) - example.target).abs() ** self.power
        if example.where is None:
            return gap.mean()
        return (gap * example.where).sum() / example.where.expand_as(gap).sum().clamp(min=1)
