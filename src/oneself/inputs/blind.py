"""Hiding elements behind their neighbours, and asking for the hidden ones back."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from oneself.core import Example, Input
from oneself.imaging.cropping import cut, random_flips, random_place
from oneself.inputs.stand_in import SUMS, Offset, Replacement, stand_in

__all__ = ["Blind", "BlindGrid", "BlindSpots", "chosen", "some_of"]

JUDGED = 65_536  # elements of the part that what is held out is judged on


class Blind(Input):
    """Patches of ``y`` with elements hidden behind what stands in for them; some of those are asked for.

    The example is ``((shown,), patch, asked)``: of what is asked for, and of what is hidden along with it, ``shown``
    holds nothing, there or anywhere else. What is ``held`` is asked for by nobody but ``held_out``.

    Parameters
    ----------
    y : Tensor
        ``(1, C, *spatial)``.
    replacement, radius
        As of ``stand_in``.
    patch, patches : int
        Side of the random patches, and how many at once, flipped at random along every axis.
    held : Tensor
        1 where an element is held out; broadcastable to ``y``.
    """

    y: Tensor
    held: Tensor

    def __init__(
        self,
        y: Tensor,
        replacement: Replacement,
        radius: int,
        patch: int,
        patches: int,
        held: Tensor,
    ) -> None:
        super().__init__()
        self.replacement, self.radius, self.patches = replacement, radius, patches
        self.sides = [min(n, patch) for n in y.shape[2:]]
        self.register_buffer("y", y, persistent=False)
        self.register_buffer("held", held.expand_as(y), persistent=False)

    @abstractmethod
    def spots(self, places: Sequence[Sequence[slice]]) -> tuple[Tensor, Tensor]:
        """What is asked for and what is hidden, ``(B, C, *sides)``, in patches at these places."""

    def forward(self) -> Example:
        places = [random_place(self.y.shape[2:], self.sides) for _ in range(self.patches)]
        asked, hidden = self.spots(places)
        y, held = (torch.cat([cut(x, p) for p in places]) for x in (self.y, self.held))
        made = (self.shown(y, hidden), y, asked * (1 - held))
        flips = random_flips(y.ndim)
        shown, target, where = (x.flip(flips) for x in made)
        return Example((shown,), target, where)

    def shown(self, y: Tensor, hidden: Tensor) -> Tensor:
        """``y`` without what is hidden."""
        return torch.where(hidden > 0, stand_in(y, 1 - hidden, self.replacement, self.radius), y)

    def held_out(self) -> Example:
        """The middle of ``y`` with what is held out hidden, and that alone asked for."""
        side = math.ceil(JUDGED ** (1 / (self.y.ndim - 2)))
        starts = [max(0, (n - side) // 2) for n in self.y.shape[2:]]
        y, held = (cut(x, [slice(a, a + side) for a in starts]) for x in (self.y, self.held))
        held = held if bool(held.any()) else torch.ones_like(held)  # a part without any: a wide picture, few held out
        return Example((self.shown(y, self.around(held)),), y, held)

    def around(self, asked: Tensor) -> Tensor:
        """What is hidden where some elements are asked for."""
        return asked

    def evaluation_example(self) -> Example:
        return Example((self.y,), self.y)


class BlindSpots(Blind):
    """Elements asked for at random, each with probability ``share``, independently of all others.

    Parameters
    ----------
    y, replacement, radius, patch, patches, held
        As of ``Blind``.
    share : float
        Probability of an element to be asked for.
    hidden : sequence of offsets
        What is hidden around every element that is asked for; the middle among it.
    shared : bool
        One choice for all channels. Otherwise each channel has its own, independent of the others', and the others are
        seen where one is hidden.
    """

    def __init__(
        self,
        y: Tensor,
        replacement: Replacement,
        radius: int,
        patch: int,
        patches: int,
        held: Tensor,
        *,
        share: float,
        hidden: Sequence[Offset],
        shared: bool,
    ) -> None:
        super().__init__(y, replacement, radius, patch, patches, held)
        self.share, self.shared, self.kernel = share, shared, _kernel(hidden)

    def spots(self, places: Sequence[Sequence[slice]]) -> tuple[Tensor, Tensor]:
        asked = chosen(self.y, [len(places), self.y.shape[1], *self.sides], self.share, self.shared)
        return asked, self.around(asked)

    def around(self, asked: Tensor) -> Tensor:
        if self.kernel.numel() == 1:
            return asked
        flat = asked.reshape(-1, 1, *asked.shape[2:])
        padding = [n // 2 for n in self.kernel.shape[2:]]
        spread = SUMS[asked.ndim - 3](flat, self.kernel.to(flat), padding=padding)
        return (spread > 0.5).to(asked).reshape(asked.shape)


def chosen(like: Tensor, shape: Sequence[int], share: float, shared: bool = False) -> Tensor:
    """A random mask of a ``shape`` ``(B, C, *spatial)``: 1 with probability ``share``, for every element by itself, or
    one for all channels."""
    batch, channels, *sides = shape
    drawn = torch.rand(batch, 1 if shared else channels, *sides, device=like.device)
    return (drawn < share).to(like).expand(*shape)


def some_of(y: Tensor, share: float, shared: bool = False) -> Tensor:
    """A random mask like ``y`` with 1 at a ``share`` of its elements, at least at one."""
    shape = [1, 1 if shared else y.shape[1], *y.shape[2:]]
    count = math.prod(shape)
    made = torch.zeros(count, device=y.device)
    made[torch.randperm(count)[: max(1, round(share * count))].to(y.device)] = 1
    return made.reshape(shape).expand_as(y)


def _kernel(hidden: Sequence[Offset]) -> Tensor:
    reach = [max(abs(offset[axis]) for offset in hidden) for axis in range(len(hidden[0]))]
    kernel = torch.zeros(1, 1, *(2 * r + 1 for r in reach))
    for offset in hidden:
        kernel[(0, 0, *(d + r for d, r in zip(offset, reach, strict=True)))] = 1
    return kernel


class BlindGrid(Blind):
    """The elements of one phase of a grid: of every block of ``width`` elements a side, the same one.

    Where channels have their own, each is some phases on from the one before, so that every element of every channel
    is hidden in exactly one of the ``count`` phases. The last phase is held out.

    Parameters
    ----------
    y, replacement, radius, patch, patches
        As of ``Blind``.
    width : int
        Side of a block; less along an axis that is shorter.
    shared : bool
        One grid for all channels.
    hide : bool
        Otherwise everything is shown, and asked for but what is held out: for a network that is blind itself.

    Batson, Royer. Noise2Self. ICML 2019.
    """

    phase: Tensor

    def __init__(
        self,
        y: Tensor,
        replacement: Replacement,
        radius: int,
        patch: int,
        patches: int,
        *,
        width: int,
        shared: bool,
        hide: bool = True,
    ) -> None:
        self.hide = hide
        phase, self.count = phases(y, width, shared)
        super().__init__(y, replacement, radius, patch, patches, (phase == self.count - 1).to(y))
        self.register_buffer("phase", phase.expand(y.shape), persistent=False)

    def shown(self, y: Tensor, hidden: Tensor) -> Tensor:
        return super().shown(y, hidden) if self.hide else y

    def spots(self, places: Sequence[Sequence[slice]]) -> tuple[Tensor, Tensor]:
        if not self.hide:
            everything = self.y.new_ones(len(places), self.y.shape[1], *self.sides)
            return everything, torch.zeros_like(everything)
        one = torch.randint(self.count - 1, (len(places),), device=self.y.device)
        phase = torch.cat([cut(self.phase, place) for place in places])
        asked = (phase == one.reshape(-1, *([1] * (phase.ndim - 1)))).to(self.y)
        return asked, asked

    def hiding(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The whole of ``y`` with one phase hidden, and where that is; for every phase."""
        for phase in range(self.count):
            hidden = (self.phase == phase).to(self.y)
            yield self.shown(self.y, hidden), hidden > 0


def phases(y: Tensor, width: int, shared: bool) -> tuple[Tensor, int]:
    """Every element's phase, ``(1, C or 1, *spatial)``, and how many there are."""
    phase, count = torch.zeros([1] * y.ndim, dtype=torch.long, device=y.device), 1
    for axis, n in enumerate(y.shape[2:], 2):
        side = min(width, n)
        phase = phase * side + (torch.arange(n, device=y.device) % side).reshape(
            [n if a == axis else 1 for a in range(y.ndim)]
        )
        count *= side
    channel = torch.arange(1 if shared else y.shape[1], device=y.device).reshape(1, -1, *([1] * (y.ndim - 2)))
    return (phase + max(1, count // y.shape[1]) * channel) % count, count
