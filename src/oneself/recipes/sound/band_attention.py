"""Bandwidth extension by attention: the high frequencies that an example has where its low ones are alike.

Given           y, at a low rate, and an example of the same source at the higher one
Structure       none: keys are the low bands of a moment and its neighbours, less their loudness; values the high bands
Input           none
Loss            none
Regularisation  none: in decibels over its loudness, a high band is the mean of the example's by attention,
                exp(−d² / 2τm²), of the distance d of the keys; its fine structure is that of the nearest moment

Carl, Heute. Bandwidth enhancement of narrow-band speech signals. EUSIPCO 1994. (a codebook of low and high bands; here
every moment of the example is in it)
Nadaraya. On estimating regression. Theory of Probability and its Applications 1964. (the mean by attention)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.domains import RECORDING, Recording
from oneself.operators.rates import extended, resampled
from oneself.recipes.sound.spectra import OVERLAP, samples_of, spectra_of, window_length

WINDOW = 32.0  # ms
BLOCKS = 4  # steps at least
BLOCK = 512  # moments that a step looks at
LOW, HIGH, WHOLE = 32, 24, 32  # bands below and above the limit, and of all frequencies
MOST = 12.0  # decibels that what was weakened is raised by
FADE = 0.1  # of the known frequencies, the uppermost, over which the new ones begin: filters have faded them
FLOOR = 1e-8  # of the loudest moment's power


class Extension(Stage):
    """Some moments a step.

    Parameters
    ----------
    y, example : Recording
        The example at the rate that ``y`` shall have.
    size : int
        Samples of the answer.
    neighbours, context, temperature
        As of the options.
    """

    made: Tensor
    place: Tensor

    def __init__(
        self, y: Recording, example: Recording, size: int, neighbours: int, context: int, temperature: float
    ) -> None:
        self.y, self.size = y, size
        self.length = window_length(WINDOW, example.rate, max(32, size // 2))
        up = resampled(y.samples, size)[0]
        self.limit = max(2, int((1 - FADE) * self.length // 2 * y.rate / example.rate))
        self.ours, self.theirs = spectra_of(up, self.length), spectra_of(example.samples[0], self.length)
        moments = self.ours.shape[-1]
        self.block = min(BLOCK, -(-moments // BLOCKS))
        super().__init__(steps=-(-moments // self.block))
        self.keys, self.loudness = self._keys(self.ours, context)
        self.codebook, loudness = self._keys(self.theirs, context)
        self.values = self._levels(self.theirs.abs().square().mean(0)[self.limit :], HIGH) - loudness[:, None]
        self.neighbours, self.temperature = min(neighbours, len(self.codebook)), temperature
        nearest = torch.cdist(self.codebook, self.codebook).square()
        nearest.fill_diagonal_(torch.inf)
        self.usual = nearest.min(1).values.median().clamp(min=1e-6)
        self.register_buffer("made", torch.zeros_like(self.ours))
        self.register_buffer("place", torch.zeros((), dtype=torch.long))

    def _levels(self, power: Tensor, bands: int) -> Tensor:
        """Decibels in bands of equal width, ``(moments, bands)``, of power ``(frequencies, moments)``."""
        means = F.adaptive_avg_pool1d(power.T[None], bands)[0]
        return 10 * (means + FLOOR * power.sum(0).max().clamp(min=1e-20)).log10()

    def _keys(self, spectra: Tensor, context: int) -> tuple[Tensor, Tensor]:
        """What a moment is known by, ``(moments, D)``, and its loudness, in decibels."""
        power = spectra.abs().square().mean(0)[1 : self.limit]
        levels = self._levels(power, LOW)
        loudness = 10 * (power.mean(0) + FLOOR * power.mean(0).max().clamp(min=1e-20)).log10()
        relative = torch.cat([levels - loudness[:, None], (loudness - loudness.max())[:, None]], 1)
        padded = F.pad(relative.T[None], (context, context), mode="replicate")[0]
        return padded.unfold(1, 2 * context + 1, 1).permute(1, 0, 2).flatten(1) / (
            LOW * (2 * context + 1)
        ) ** 0.5, loudness

    def solve(self) -> Mapping[str, Tensor]:
        rows = slice(int(self.place), int(self.place) + self.block)
        self.place += self.block
        if rows.start >= len(self.keys):
            return {"distance": self.keys.new_zeros(())}
        distances = torch.cdist(self.keys[rows], self.codebook).square()
        nearest = distances.topk(self.neighbours, largest=False)
        weights = torch.softmax(-nearest.values / (2 * self.temperature * self.usual), 1)
        wanted = (weights[..., None] * self.values[nearest.indices]).sum(1) + self.loudness[rows, None]
        fine = self.theirs[:, self.limit :, nearest.indices[:, 0]]
        present = self._levels(fine.abs().square().mean(0), HIGH)
        gain = F.interpolate((10 ** ((wanted - present) / 20))[None], fine.shape[1], mode="linear")[0].T
        self.made[:, self.limit :, rows] = fine * gain
        return {"distance": nearest.values[:, 0].mean()}

    def estimate(self) -> Tensor:
        high = samples_of(self.made, self.length, self.size)
        again = spectra_of(high, self.length)  # where windows did not agree, they have weakened each other
        wanted, found = (self._levels(x.abs().square().mean(0), WHOLE) for x in (self.made, again))
        gain = F.interpolate((10 ** ((wanted - found).clamp(max=MOST) / 20))[None], again.shape[1], mode="linear")[0].T
        return extended(self.y.samples, samples_of(again * gain, self.length, self.size)[None], FADE)


@method(
    "Bandwidth extension by attention",
    cite="Carl, Heute. Bandwidth enhancement of narrow-band speech signals. EUSIPCO 1994. Nadaraya. On estimating "
    "regression. Theory of Probability and its Applications 1964.",
    tasks=("super-resolve",),
    needs=("A", "A_adjoint"),
    domain=RECORDING,
    deterministic=True,
)
def band_attention(
    y: Recording,
    physics: Any,
    *,
    example: Annotated[
        Recording | None, Option("another recording of the source, at the rate that is asked for or a higher one")
    ] = None,
    neighbours: Annotated[int, Option("moments of the example that attention is over", low=1, high=4096)] = 16,
    context: Annotated[
        int, Option("moments before and after, a quarter of 32 ms each, that count", low=0, high=64)
    ] = 2,
    temperature: Annotated[float, Option("τ: the higher, the more moments count alike", low=1e-6, high=1e3)] = 1.0,
) -> Stage:
    size, length = physics.A_adjoint(y.samples).shape[-1], y.samples.shape[-1]
    if size <= length:
        raise ValueError("band_attention(physics): the rate stays. Use it to give a recording a higher one.")
    if example is None:
        raise ValueError(
            "band_attention(example=None): nothing tells what the high frequencies are like. Give another recording of "
            "the same source that has them."
        )
    rate = y.rate * size / length
    if example.rate < rate * (1 - 1e-2) or example.samples.shape[1] != y.samples.shape[1]:
        raise ValueError(
            f"band_attention(example): {example.samples.shape[1]} channels at {example.rate:g} samples in a second. "
            f"Give one of {y.samples.shape[1]} channels, at {rate:g} or more."
        )
    count = max(OVERLAP, round(example.samples.shape[-1] * rate / example.rate))
    return Extension(y, Recording(resampled(example.samples, count), rate), size, neighbours, context, temperature)
