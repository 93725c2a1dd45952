"""Blocks filtered frequency by frequency, and what noise that may believe in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from oneself.core import Stage
from oneself.noise import PatchNoise
from oneself.recipes.classical.coloured import brightness_curve, middle, pixels, structure_in

__all__ = ["BlockFilter", "believable_noise"]

ATTEMPTS = 7  # with half the variance each
STRIP, ROWS = 2**18, 64  # pixels of a strip, and rows at least where a picture has many
PIECES = 4  # about what the smallest is done in


def believable_noise(
    y: Tensor, noise: PatchNoise, caller: str, stride: int = 4, threshold: float = 2.7
) -> tuple[PatchNoise, tuple[str, ...]]:
    """The noise that was measured, or less, and then a note.

    Half its variance again, as long as what the filter takes off the middle of the picture holds structure.
    """
    part, believed = middle(y), noise
    for _ in range(ATTEMPTS):
        trial = BlockFilter(part, believed, stride, threshold)
        for _ in range(trial.steps):
            trial.solve()
        if structure_in(part, trial.estimate()) <= 1:
            break
        believed = believed.scaled(1 / 2)
    if believed is noise:
        return noise, ()
    told = f"what was taken off held structure of the picture; taken for {believed.words(pixels(y))}"
    return believed, (f"{caller}: {told}",)


class BlockFilter(Stage):
    """A strip of the picture a step; no seam, as every block that covers a strip is computed with it.

    Parameters
    ----------
    y : Tensor
        ``(1, C, H, W)``.
    noise : PatchNoise
        Of patches as large as the blocks.
    stride : int
    threshold : float
        Times the noise's deviation.
    notes : sequence of str
    """

    x: Tensor
    taken: Tensor

    def __init__(self, y: Tensor, noise: PatchNoise, stride: int, threshold: float, notes: Sequence[str] = ()) -> None:
        side = noise.power.shape[1]
        rows = stride * math.ceil(min(max(ROWS, STRIP / y.shape[3]), y.shape[2] / PIECES) / stride)
        super().__init__(steps=math.ceil(y.shape[2] / rows), notes=notes)
        self.y, self.noise, self.threshold = y, noise, threshold
        self.side, self.stride, self.rows = side, stride, rows
        self.reach = stride * math.ceil((side - stride) / stride)  # of blocks beyond what they are to cover
        self.axes, power = (torch.from_numpy(a).to(y) for a in (noise.axes, noise.power.reshape(len(noise.axes), -1)))
        self.inverse, self.power = torch.linalg.inv(self.axes), power
        waves, root = torch.kron(_cosines(side), _cosines(side)).to(y), power.sqrt()[:, :, None]
        self.white, self.back = (waves / root).transpose(1, 2).contiguous(), waves * root
        self.register_buffer("x", y.clone())
        self.register_buffer("taken", torch.zeros((), dtype=torch.long))

    def solve(self) -> Mapping[str, Tensor]:
        first = int(self.taken) * self.rows
        last = min(first + self.rows, self.y.shape[2])
        self.taken += 1
        y = self._strip(first, last)
        found = self._filtered(y)[:, : last - first, : self.y.shape[3]]
        x = torch.einsum("dc,chw->dhw", self.inverse, found)
        removed = (self.y[0, :, first:last] - x).square().mean()
        self.x[0, :, first:last] = x
        return {"removed": removed}

    def _strip(self, first: int, last: int) -> Tensor:
        """Some rows along the axes of colour, with all blocks that cover them twice over, mirrored at the borders."""
        far = 2 * self.reach
        rows, columns = (
            _mirrored(a - far, a + self.stride * math.ceil((b - a) / self.stride) + far, n)
            for a, b, n in ((first, last, self.y.shape[2]), (0, self.y.shape[3], self.y.shape[3]))
        )
        part = self.y[0][:, rows.to(self.y.device)][:, :, columns.to(self.y.device)]
        return torch.einsum("dc,chw->dhw", self.axes, part)

    def _filtered(self, y: Tensor) -> Tensor:
        """The inner part of ``y``, that its blocks cover twice over, without its noise."""
        noisy = self._blocks(y)
        kept = (noisy.square() > self.threshold**2 * self._level(noisy)).to(y)
        kept[..., 0] = 1
        skipped = self.reach // self.stride
        within = slice(skipped, -skipped or None)
        pilot = self._blocks(self._averaged(noisy * kept, kept))
        level, power = self._level(pilot), pilot.square_()
        factors = power / (power + level)
        factors[..., 0] = 1
        return self._averaged(noisy[:, within, within] * factors, factors)

    def _blocks(self, x: Tensor) -> Tensor:
        """The cosine coefficients of all blocks of ``x``, ``(C, down, across, side²)``, in which noise is white."""
        cut = x.unfold(1, self.side, self.stride).unfold(2, self.side, self.stride)
        waves: Tensor = (cut.flatten(3).flatten(1, 2) @ self.white).unflatten(1, cut.shape[1:3])
        return waves

    def _level(self, coefficients: Tensor) -> Tensor:
        """The noise's variance in every block, ``(1, down, across, 1)``."""
        means = coefficients[..., 0] * self.power[:, :1, None].sqrt() / self.side
        brightness = torch.einsum("c,cnm->nm", self.inverse.mean(0), means)
        return brightness_curve(self.noise, brightness)[None, ..., None]

    def _averaged(self, coefficients: Tensor, factors: Tensor) -> Tensor:
        """The mean of the filtered blocks, of those that let less noise through the more; without the margin that not
        all of them cover."""
        size = factors.shape[1:3]
        through = factors.square().flatten(1, 2) @ (self.power / self.power.sum(1, keepdim=True))[:, :, None]
        weights = 1 / through.clamp(min=1e-6)
        made = (coefficients.flatten(1, 2) @ self.back).mul_(weights)
        total = self._laid(made.unflatten(1, size)) / self._laid(weights.expand_as(made).unflatten(1, size))
        return total[:, self.reach : -self.reach or None, self.reach : -self.reach or None]

    def _laid(self, blocks: Tensor) -> Tensor:
        """The sum of all blocks where they lie, ``(C, H, W)``."""
        channels, down, across, _ = blocks.shape
        parts = math.ceil(self.side / self.stride)
        beyond = parts * self.stride - self.side
        cut = torch.nn.functional.pad(blocks.unflatten(3, (self.side, self.side)), (0, beyond, 0, beyond))
        cut = cut.unflatten(4, (parts, self.stride)).unflatten(3, (parts, self.stride))
        total = blocks.new_zeros(channels, down + parts - 1, self.stride, across + parts - 1, self.stride)
        for i in range(parts):
            for j in range(parts):
                total[:, i : i + down, :, j : j + across] += cut[:, :, :, i, :, j].transpose(2, 3)
        return total.flatten(3).flatten(1, 2)

    def estimate(self) -> Tensor:
        return self.x


def _cosines(n: int) -> Tensor:
    """The orthonormal cosine transform, ``(frequency, place)``."""
    place = torch.arange(n)
    waves = torch.cos(math.pi * (place + 0.5) * place[:, None] / n) * math.sqrt(2 / n)
    waves[0] /= math.sqrt(2)
    return waves


def _mirrored(first: int, last: int, n: int) -> Tensor:
    """The places ``first`` to ``last`` of ``n``, those beyond mirrored at the borders."""
    place = torch.arange(first, last) % max(1, 2 * (n - 1))
    return torch.where(place < n, place, 2 * (n - 1) - place)
