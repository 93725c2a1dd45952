"""What a network eats, what it must explain, and how its answer is judged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from torch import Tensor, nn

__all__ = ["Example", "Sum", "Term", "total"]


class Example(NamedTuple):
    """A training example made out of the one input at hand.

    Attributes
    ----------
    input : tuple of Tensor
        What the network is called with.
    target : Tensor
        What the network's answer must explain.
    where : Tensor or None
        Weights of the target's elements, broadcastable to it; ``None`` counts all alike.
    """

    input: tuple[Tensor, ...]
    target: Tensor
    where: Tensor | None = None


class Term(nn.Module, ABC):
    """A summand of the objective: ``term(x, example)`` is a scalar tensor.

    Terms form an algebra, ``fidelity + 0.1 * tv``; every part is logged under its own ``name``.
    A term is pure tensor code: it never reads a value back to the host.
    """

    name: str

    @abstractmethod
    def forward(self, x: Tensor, example: Example) -> Tensor: ...

    def advance(self) -> None:
        """Called after every step: what changes along the run changes here."""

    def parts(self) -> Iterator[tuple[float, Term]]:
        yield 1.0, self

    def __rmul__(self, weight: float) -> Sum:
        return Sum([(weight * w, term) for w, term in self.parts()])

    def __add__(self, other: Term) -> Sum:
        return Sum([*self.parts(), *other.parts()])

    def values(self, x: Tensor, example: Example) -> dict[str, Tensor]:
        """Every part with its weight, by name."""
        return {term.name: weight * term(x, example) for weight, term in self.parts()}


class Sum(Term):
    """A weighted sum of terms; two terms of one name are told apart by a number."""

    name = "objective"

    def __init__(self, parts: list[tuple[float, Term]]) -> None:
        super().__init__()
        self.weights = [weight for weight, _ in parts]
        self.terms = nn.ModuleList(term for _, term in parts)

    def parts(self) -> Iterator[tuple[float, Term]]:
        for weight, term in zip(self.weights, self.terms, strict=True):
            assert isinstance(term, Term)
            yield weight, term

    def advance(self) -> None:
        for _, term in self.parts():
            term.advance()

    def forward(self, x: Tensor, example: Example) -> Tensor:
        return total(self.values(x, example))

    def values(self, x: Tensor, example: Example) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for weight, term in self.parts():
            name = term.name if term.name not in found else f"{term.name}_{len(found) + 1}"
            found[name] = weight * term(x, example)
        return found


def total(terms: Mapping[str, Tensor]) -> Tensor:
    """The sum of an objective's parts."""
    first, *rest = terms.values()
    for value in rest:
        first = first + value
    return first
