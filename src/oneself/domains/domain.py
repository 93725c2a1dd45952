"""What the loop asks of an input, whatever it is."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

__all__ = ["Asking", "Domain"]

V = TypeVar("V")
SHOWN = 40  # characters of a value that a message quotes


class Asking(Protocol):
    """What a domain reads of a method's record."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def tasks(self) -> tuple[str, ...]: ...
    @property
    def dims(self) -> tuple[int, ...]: ...
    @property
    def needs(self) -> tuple[str, ...]: ...


class Domain(ABC, Generic[V]):
    """What an input is: how it is checked, copied, known again, compared, and brought in and out.

    ``V`` is what callers hand over and get back: a tensor, or a record of tensors and plain values. Methods are given a
    ``V``; what they estimate is one tensor, which ``answer`` makes a ``V`` again.

    Attributes
    ----------
    name : str
        Of one input, such as ``"image"``.
    kind : type
        ``V``; an option of a method that is annotated so is another input of this kind.
    tasks : tuple of str
        What can be asked for.
    dims, needs_beside : tuple
        Numbers of spatial axes that a method works on unless it says otherwise; what of the operator it takes to check
        an option of this kind.
    pointwise : bool
        Whether the elements of two estimates belong together, so that averages may be taken of each.
    beside : str
        In words, what an option of this kind must be.
    """

    name: ClassVar[str]
    kind: ClassVar[type[Any]]
    tasks: ClassVar[tuple[str, ...]]
    dims: ClassVar[tuple[int, ...]] = ()
    needs_beside: ClassVar[tuple[str, ...]] = ()
    pointwise: ClassVar[bool] = True
    beside: ClassVar[str]

    def check(self, method: Asking, y: Any) -> None:
        """Refuse an input that the method cannot work on. Raises TypeError, ValueError."""
        if not isinstance(y, self.kind):
            told = f"{method.key}(y={type(y).__name__}): {method.title} works on a {self.name}"
            raise TypeError(f"{told}. Give a {self.kind.__name__}.")
        self.check_values(f"{method.key}(y", y)

    def check_beside(self, told: str, value: Any) -> None:
        """Refuse an option that is no other input of this kind. Raises TypeError, ValueError.

        Parameters
        ----------
        told : str
            How the message begins, such as ``dip(guide``.
        """
        if not isinstance(value, self.kind):
            shown = repr(value) if len(repr(value)) < SHOWN else type(value).__name__
            raise TypeError(f"{told}={shown}): wrong type. Give {self.beside}, or none, as a {self.kind.__name__}.")
        self.check_values(told, value)

    @abstractmethod
    def check_values(self, told: str, value: V) -> None:
        """Refuse what has the type of an input and is none. Raises TypeError, ValueError."""

    def check_operator(self, method: Asking, y: V, physics: Any, beside: Mapping[str, V]) -> None:
        """Refuse an operator, or options that are inputs, that do not fit the input. Raises ValueError."""

    @abstractmethod
    def own(self, y: V, device: torch.device) -> V:
        """A copy to compute with: float32, on the device, laid out in memory the same however it came."""

    @abstractmethod
    def shape(self, y: V) -> tuple[int, ...]:
        """How many numbers each element has, then how many elements there are, along each axis."""

    @abstractmethod
    def answer(self, x: Tensor, y: V) -> V:
        """An estimate as the caller has inputs: in the dtype of ``y``, and with what belongs to it."""

    @abstractmethod
    def arrays(self, y: V) -> dict[str, np.ndarray[Any, Any]]:
        """An input as arrays that say all of it."""

    @abstractmethod
    def of_arrays(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> V:
        """The input that ``arrays`` made."""

    @abstractmethod
    def distance(self, one: Tensor, other: Tensor) -> Tensor:
        """How far apart two estimates are, in units of their elements: a scalar, 0 for the same."""

    def fingerprint(self, y: V) -> str:
        """A short digest of an input's content."""
        found = hashlib.blake2b(digest_size=16)
        for name, array in self.arrays(y).items():
            found.update(f"{name} {array.dtype.str} {array.shape} ".encode())
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()
