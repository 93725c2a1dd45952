"""A picture and its own shrunken copy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from oneself.core import Example, Input
from oneself.imaging.cropping import cut
from oneself.operators.alignment import Turn

__all__ = ["FatherSon"]


class FatherSon(Input):
    """A random crop of a father, turned at random, and its son: the crop shrunk by ``A`` and enlarged again.

    ``Example((enlarge(A(father) + noise),), father)``: the network learns to undo ``A`` on the picture's own content.
    Only the middle of a crop is given to the network, so that it sees what ``A`` makes within a picture.

    Parameters
    ----------
    fathers : sequence of Tensor
        ``(1, C, *spatial)``: the measurement, and larger or smaller copies of it. One is drawn per crop, a smaller
        one less often; the first is what ``still`` shows.
    A : callable
        The operator; takes any size that is a multiple of ``scale``.
    enlarge : callable
        ``enlarge(son, size)``, aligned with ``A``.
    scale : sequence of float
        Of each axis.
    turns : sequence of Turn
        Which rotations and reflections fathers are given.
    crop, crops : int
        Side of a crop, and how many at once.
    noise : float
        Standard deviation of the noise that sons are given.
    """

    father_0: Tensor

    def __init__(
        self,
        fathers: Sequence[Tensor],
        A: Callable[[Tensor], Tensor],
        enlarge: Callable[[Tensor, Sequence[int]], Tensor],
        scale: Sequence[float],
        turns: Sequence[Turn],
        *,
        crop: int,
        crops: int = 1,
        noise: float = 0.0,
    ) -> None:
        super().__init__()
        self.A, self.enlarge, self.scale, self.crops, self.noise = A, enlarge, tuple(scale), crops, noise
        first = fathers[0].shape[2:]
        self.inner = [min(n, crop, fit(n, s)) for n, s in zip(first, self.scale, strict=True)]
        margins = [math.ceil(4 * max(self.scale))] * len(first)
        self.outer = [
            fit(min(n, i + 2 * m), s) for n, i, m, s in zip(first, self.inner, margins, self.scale, strict=True)
        ]
        self.turns = [turn for turn in turns if all(self._alike(a, b) for a, b in enumerate(turn.order))]
        kept = [f for f in fathers if all(n >= o for n, o in zip(f.shape[2:], self.outer, strict=True))]
        for index, father in enumerate(kept):
            self.register_buffer(f"father_{index}", father, persistent=False)
        self.chances = torch.tensor([float(min(f.numel(), fathers[0].numel())) for f in kept])

    def _alike(self, a: int, b: int) -> bool:
        return (self.inner[a], self.outer[a]) == (self.inner[b], self.outer[b])

    def forward(self) -> Example:
        pairs = [self._pair() for _ in range(self.crops)]
        return Example((torch.cat([son for son, _ in pairs]),), torch.cat([father for _, father in pairs]))

    def _pair(self) -> tuple[Tensor, Tensor]:
        father: Tensor = getattr(self, f"father_{int(torch.multinomial(self.chances, 1))}")
        turn = self.turns[int(torch.randint(len(self.turns), ()))]
        places = [self._place(*sizes) for sizes in zip(father.shape[2:], self.inner, self.outer, strict=True)]
        patch = turn(cut(father, [outer for outer, _ in places]))
        within = [places[axis][1] for axis in turn.order]
        for axis in turn.flips:
            n, place = patch.shape[2 + axis], within[axis]
            within[axis] = slice(n - place.stop, n - place.start)
        return cut(self.son(patch), within), cut(patch, within)

    @staticmethod
    def _place(n: int, inner: int, outer: int) -> tuple[slice, slice]:
        """Where the outer crop lies in the father, and the inner one in the outer."""
        start = int(torch.randint(n - inner + 1, ()))
        begin = min(max(0, start - (outer - inner) // 2), n - outer)
        start = min(max(0, start - begin), outer - inner)
        return slice(begin, begin + outer), slice(start, start + inner)

    def son(self, father: Tensor) -> Tensor:
        """The father shrunk and enlarged again; its size is a multiple of the scale."""
        small = self.A(father)
        if self.noise:
            small = small + self.noise * torch.randn_like(small)
        return self.enlarge(small, father.shape[2:])

    def evaluation_example(self) -> Example:
        sizes = zip(self.father_0.shape[2:], self.scale, strict=True)
        father = cut(self.father_0, [slice(fit(n, s)) for n, s in sizes])
        return Example((self.enlarge(self.A(father), father.shape[2:]),), father)

    def sample(self) -> Tensor:
        """What ``A`` is given: a crop of the first father with its margin."""
        return cut(self.father_0, [slice(n) for n in self.outer])


def fit(n: int, scale: float) -> int:
    """The largest size up to ``n`` that is (rounded) a multiple of ``scale``."""
    return math.floor(scale * math.floor(n / scale + 1e-6) + 0.5)
