"""What the front door needs of a trained generator, whichever method trained it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor, nn

from oneself.core import Option
from oneself.generative.guidance import Shaping
from oneself.generative.sizes import scaled

__all__ = ["Few", "Noise", "Sampler", "Side", "Sides", "Steered", "Wide", "fresh", "silent"]

# What a file may say of a sampler; wide enough for all that can be trained.
Few = Annotated[int, Option("layers, blocks or scales", low=1, high=256)]
Wide = Annotated[int, Option("channels of a network", low=1, high=2**16)]
Side = Annotated[int, Option("samples along an axis", low=1, high=2**20)]
Sides = Annotated[list[Side], Option("a size", low=2, high=2)]

Noise = Callable[[int, Tensor], Tensor]
"""``noise(level, like)``: unit noise of the shape of ``like`` for one level; called once a level, from coarse to
fine."""


def fresh(level: int, like: Tensor) -> Tensor:
    """Standard normal noise from torch's default generator."""
    return torch.randn_like(like)


def silent(level: int, like: Tensor) -> Tensor:
    """No noise."""
    return torch.zeros_like(like)


class Sampler(nn.Module, ABC):
    """A trained generator of pictures that look like ``picture``.

    Attributes
    ----------
    picture : Tensor
        What it was trained on, ``(1, C, *spatial)`` in [0, 1].
    sizes : list of tuple of int
        The picture's size at every level, from coarse to fine.
    """

    picture: Tensor
    Configuration: ClassVar[Any]
    """The type, a ``TypedDict``, of what ``configuration`` gives."""

    def __init__(self, picture: Tensor, sizes: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.sizes = [tuple(size) for size in sizes]
        self.register_buffer("picture", picture.detach().clone())

    @property
    def scales(self) -> int:
        return len(self.sizes)

    def level_sizes(self, size: Sequence[int]) -> list[tuple[int, ...]]:
        """The sizes of all levels of a picture of ``size``, in the proportions of the training."""
        whole = self.sizes[-1]
        parts = [[n / m for n, m in zip(level, whole, strict=True)] for level in self.sizes]
        return [scaled(size, part) for part in parts]

    @abstractmethod
    def sample(
        self, size: Sequence[int], *, start: int = 0, image: Tensor | None = None, noise: Noise = fresh
    ) -> Tensor:
        """A picture ``(1, C, *size)`` in [0, 1].

        Parameters
        ----------
        start : int
            The first level that generates anything; those below it are replaced by ``image``, shrunk to their size. At
            0 everything is generated and no image is needed.
        image : Tensor, optional
            ``(1, C, *spatial)`` in [0, 1]; the training picture unless given.
        """

    @abstractmethod
    def reconstruction(self) -> Tensor:
        """What the fixed noise gives: the training picture, as well as it was learned."""

    @abstractmethod
    def fixed(self, level: int, like: Tensor) -> Tensor:
        """Noise that is always the same, shaped as ``like``: a ``Noise`` from which a walk may begin."""

    @abstractmethod
    def configuration(self) -> Mapping[str, Any]:
        """Plain values from which ``type(self).blank`` makes one of the same shape, to load a state into."""

    @classmethod
    @abstractmethod
    def claims(cls, configuration: Mapping[str, Any]) -> tuple[tuple[int, ...], int]:
        """The picture's shape that a configuration says, and a number of weights that it has more than."""

    @classmethod
    @abstractmethod
    def blank(cls, configuration: Mapping[str, Any]) -> Sampler: ...

    @abstractmethod
    def memory(self, size: Sequence[int]) -> float:
        """About how many bytes making one picture of that size takes."""


class Steered(Sampler):
    """A sampler that estimates the picture again and again, so that the estimate can be changed along the way.

    With other noise than ``fresh`` a sample is a function of that noise alone.
    """

    def fixed(self, level: int, like: Tensor) -> Tensor:
        """Unit noise that is always the same, from which a walk may begin."""
        drawn = torch.randn(like.shape, generator=torch.Generator().manual_seed(level))
        return drawn.to(like)

    @abstractmethod
    def sample(
        self,
        size: Sequence[int],
        *,
        start: int = 0,
        image: Tensor | None = None,
        noise: Noise = fresh,
        shaping: Shaping | None = None,
    ) -> Tensor:
        """As of ``Sampler``.

        Parameters
        ----------
        shaping : callable, optional
            Changes the estimated picture of every step.
        """
