"""Whether an adapted network is better than it was: its error on parts of the picture that the loss never sees."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.core import Score, Selection, Stage, Step
from oneself.imaging.cropping import cut
from oneself.inputs import split_pair, stand_in
from oneself.recipes.adaptation.calling import HALVED

__all__ = ["AdaptedOrNot", "HeldOutChange", "Pairing", "Parts", "PoissonRisk", "Prediction", "Renoised", "Risk"]

CELL = 16  # side of the squares that are held out; their scatter tells how sure the mean is
LOOKED_AT = 2**17  # elements of a picture that is looked at whole
WINDOW, WINDOWS = 8, 3  # of a larger one: squares along each side of a window, and windows along each axis
FEWEST = 4  # squares
RADIUS = 2  # of the neighbourhood that stands in for what is hidden
GRID = 4  # of every so many elements along each axis one is hidden
Network = Callable[..., Tensor]
Output = Callable[[dict[str, Tensor] | None], Tensor]


class Parts(nn.Module):
    """Squares of a picture that are held out, and the windows that a network looks at to be judged there.

    Of a small picture a share of all squares, drawn at random, seen in the whole; of a large one the middle squares of
    windows that are spread evenly.

    Parameters
    ----------
    y : Tensor
        The picture, ``(1, C, H, W)``.
    share : float
        Of the squares of a small picture.
    owner : str
        The method that asks, for the ``ValueError`` where a side is of one pixel.

    Attributes
    ----------
    seen : Tensor
        ``(1, 1, H, W)``: 0 in the squares that are held out, 1 elsewhere.
    y : Tensor
        The windows, ``(N, C, h, w)``.
    held : Tensor
        Which squares of them are held out, ``(N, rows, columns)``.
    """

    y: Tensor
    held: Tensor
    seen: Tensor

    def __init__(self, y: Tensor, share: float, owner: str) -> None:
        super().__init__()
        size = tuple(y.shape[2:])
        if min(size) < 2:
            raise ValueError(
                f"{owner}(y.shape={tuple(y.shape)}): too small to hold a part out. Give a picture of at least 2 pixels "
                "a side."
            )
        self.cell = max(2, min(CELL, min(size) // FEWEST // 2 * 2))
        small = math.prod(size) <= LOOKED_AT
        places = [self._fitted(size)] if small else list(self._windows(size))
        rows, columns = ((s.stop - s.start) // self.cell for s in places[0])
        held = _some(rows, columns, share) if small else _middle(rows, columns)
        seen = torch.ones(1, 1, *size)
        for place in places:
            cut(seen, place).copy_(1 - held.repeat_interleave(self.cell, 0).repeat_interleave(self.cell, 1))
        self.register_buffer("y", torch.cat([cut(y, place) for place in places]), persistent=False)
        self.register_buffer("held", (held > 0).expand(len(places), -1, -1).to(y.device), persistent=False)
        self.register_buffer("seen", seen.to(y.device), persistent=False)

    def _fitted(self, size: Sequence[int]) -> list[slice]:
        return [slice(0, n // self.cell * self.cell) for n in size]

    def _windows(self, size: Sequence[int]) -> list[list[slice]]:
        sides = [min(WINDOW, n // self.cell) * self.cell for n in size]
        starts = [[(n - s) * k // (WINDOWS - 1) for k in range(WINDOWS)] for n, s in zip(size, sides, strict=True)]
        return [[slice(a, a + sides[0]), slice(b, b + sides[1])] for a in starts[0] for b in starts[1]]

    def means(self, errors: Tensor, cell: int | None = None) -> Tensor:
        """The mean of ``errors``, ``(N, C, h, w)``, in every square that is held out."""
        return F.avg_pool2d(errors.mean(1, keepdim=True), cell or self.cell)[:, 0][self.held]


def _some(rows: int, columns: int, share: float) -> Tensor:
    held = torch.zeros(rows * columns)
    held[torch.randperm(rows * columns)[: max(FEWEST // 2, round(share * rows * columns))]] = 1
    return held.reshape(rows, columns)


def _middle(rows: int, columns: int) -> Tensor:
    held = torch.zeros(rows, columns)
    held[rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4] = 1
    return held


class Judge(nn.Module, ABC):
    """Estimates a network's error in each of the squares that are held out."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.parts = parts

    @abstractmethod
    def errors(self, f: Network) -> Tensor:
        """One number for each square; only differences between two networks count."""


class Risk(Judge):
    """Stein's estimate of the squared error at a noise level, with random probes that are drawn once."""

    probes: Tensor

    def __init__(self, parts: Parts, level: float, count: int = 2, *, shift: float | None = None) -> None:
        super().__init__(parts)
        self.level, self.shift = level, level / 10 if shift is None else shift
        self.register_buffer("probes", torch.randn(count, *parts.y.shape, device=parts.y.device), persistent=False)

    def errors(self, f: Network) -> Tensor:
        y = self.parts.y
        x = f(y)
        found = self.parts.means((x - y).square())
        for probe in self.probes:
            spread = probe * (f(y + self.shift * probe) - x) / self.shift
            found = found + 2 / len(self.probes) * self.parts.means(self.variance(y) * spread)
        return found

    def variance(self, y: Tensor) -> Tensor:
        return torch.full_like(y, self.level**2)


class PoissonRisk(Risk):
    """Likewise of Poisson noise, whose variance is ``gain`` times the measurement (PURE)."""

    def __init__(self, parts: Parts, gain: float, shift: float) -> None:
        super().__init__(parts, 0.0, shift=shift)
        self.gain = gain

    def variance(self, y: Tensor) -> Tensor:
        return self.gain * y.clamp(min=0)


class Prediction(Judge):
    """The squared error of predicting elements that are hidden behind their neighbours' mean."""

    def __init__(self, parts: Parts, count: int = 4) -> None:
        super().__init__(parts)
        self.count = count

    def errors(self, f: Network) -> Tensor:
        y = self.parts.y
        found = y.new_zeros(())
        for k in range(self.count):
            hidden = torch.zeros_like(y)
            hidden[..., k * GRID // self.count :: GRID, (k % 2) * GRID // 2 :: GRID] = 1
            shown = torch.where(hidden > 0, stand_in(y, 1 - hidden, "mean", RADIUS), y)
            found = found + self.parts.means(hidden * (f(shown) - y).square()) * GRID**2 / self.count
        return found


class Pairing(Judge):
    """The squared error of predicting one half-size picture from the other, whose noise is another."""

    def errors(self, f: Network) -> Tensor:
        first, second = split_pair(self.parts.y)
        gap = (f(first, scale=HALVED) - second).square() + (f(second, scale=HALVED) - first).square()
        return self.parts.means(gap, self.parts.cell // 2)


class Renoised(Judge):
    """The squared error of taking away noise of a level that is added, once and for all."""

    noise: Tensor

    def __init__(self, parts: Parts, level: float) -> None:
        super().__init__(parts)
        self.register_buffer("noise", level * torch.randn_like(parts.y), persistent=False)

    def errors(self, f: Network) -> Tensor:
        y = self.parts.y
        return self.parts.means((f(y + self.noise) - y).square())


class HeldOutChange(Score):
    """How much a network's estimated error has changed on what is held out, at the pessimistic end of what is sure:
    the mean over the squares plus ``caution`` times its standard error. Below 0 it is better than it was.

    Computed every ``every`` steps and at the last, and carried over in between; infinite before the first.
    """

    name = "held_out_change"
    before: Tensor

    def __init__(self, judge: Judge, network: nn.Module, every: int, caution: float) -> None:
        super().__init__()
        self.judge, self.every, self.caution = judge, every, caution
        self._watched = (network,)  # hidden from torch: its weights are the stage's
        with torch.no_grad():
            self.register_buffer("before", judge.errors(network), persistent=False)

    def measure(self, step: Step) -> Tensor:
        if (step.index + 1) % self.every == 0 or step.index + 1 == step.steps:
            change = self.judge.errors(self._watched[0]).float() - self.before
            self.register("value", change.mean() + self.caution * change.std() / math.sqrt(len(change)))
        value = self.registered("value")
        return torch.full((), torch.inf, device=self.before.device) if value is None else value.clone()


class AdaptedOrNot(Selection):
    """What the network had learned when a score was lowest, where that is below 0; otherwise the network as it came.

    Parameters
    ----------
    score : HeldOutChange
    learned : mapping of str to Parameter
        What of the network changes, by name.
    output : callable
        Makes the answer from such values; of nothing that of the network as it came.
    """

    lowest: Tensor
    step: Tensor

    def __init__(
        self,
        score: HeldOutChange,
        learned: dict[str, nn.Parameter],
        output: Callable[[dict[str, Tensor] | None], Tensor],
    ) -> None:
        super().__init__()
        self.score, self.output = score, output
        self._watched = learned
        for k, value in enumerate(learned.values()):
            self.register_buffer(f"learned_{k}", value.detach().clone())
        self.register_buffer("lowest", torch.zeros(()))
        self.register_buffer("step", torch.tensor(-1))

    def update(self, step: Step) -> None:
        value = self.score(step)
        better = value < self.lowest
        self.lowest.copy_(torch.where(better, value, self.lowest))
        self.step.copy_(torch.where(better, step.index + 1, self.step))
        for k, now in enumerate(self._watched.values()):
            held = self.get_buffer(f"learned_{k}")
            held.copy_(torch.where(better, now.detach(), held))

    @property
    def values(self) -> dict[str, Tensor]:
        """What had been learned then, by name; what was there at first where nothing of it is better."""
        return {name: self.get_buffer(f"learned_{k}").clone() for k, name in enumerate(self._watched)}

    @property
    def better(self) -> bool:
        """Whether what was learned is surely better than nothing."""
        return bool(self.step >= 0)

    def answer(self, stage: Stage) -> Tensor:
        return self.output(self.values if self.better else None)

    def words(self) -> str:
        if self.step < 0:
            return "the answer of the network as it came: nothing learned was surely better on what is held out"
        return f"the iterate of step {int(self.step)}, where the error on what is held out was lowest"
