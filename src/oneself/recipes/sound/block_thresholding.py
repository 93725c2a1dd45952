"""Block thresholding: time and frequency are cut into blocks, and each is attenuated by what it holds above the noise.

Given           y = x + noise, Gaussian, white or coloured
Structure       none: short-time spectra Y, of windows of the length that has the least estimated risk
Input           none
Loss            none
Regularisation  X = max(0, 1 − λ σ² / mean |Y|² of the block) Y, the blocks' shapes of least estimated risk (Stein);
                then X = |X|² / (|X|² + σ²) Y, Wiener's filter by the first estimate

Yu, Mallat, Bacry. Audio denoising by time-frequency block thresholding. IEEE Trans. Signal Processing 2008.
Stein. Estimation of the mean of a multivariate normal distribution. Annals of Statistics 1981. (the risk)
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.domains import RECORDING, Recording
from oneself.recipes import options as o
from oneself.recipes.sound.spectra import noise_floor, samples_of, spectra_of, window_length

TALL, WIDE = 16, 8  # frequencies and moments of the largest block
HEIGHTS, WIDTHS = (16, 8, 4, 2, 1), (8, 4, 2)
SHARED = 2.0  # neighbours in a spectrum of overlapping windows for each that is independent
PIECE = 2**19  # samples that a step works on
LONGEST = 2**14  # samples of a window, and of what two pieces share
FAINTEST = 1e-12  # of the recording's power: a floor that is none


class Thresholding(Stage):
    """Piece after piece of the recording: a step for each length of windows, and one for Wiener's filter.

    Parameters
    ----------
    y : Recording
    floor : list of Tensor
        The noise's power at every frequency, ``(C, frequencies)``, for each length of windows.
    lengths : list of int
        Of windows, in samples.
    residual : float
        Probability that a block of noise alone is kept.
    """

    made: Tensor
    least: Tensor
    place: Tensor
    chosen: Tensor

    def __init__(
        self, y: Recording, floor: list[Tensor], lengths: list[int], residual: float, notes: list[str]
    ) -> None:
        self.size = y.samples.shape[-1]
        super().__init__(steps=math.ceil(self.size / PIECE) * (len(lengths) + 1), notes=notes)
        self.samples, self.floor, self.lengths, self.residual = y.samples[0], floor, lengths, residual
        self.register_buffer("made", y.samples[0].clone())
        self.register_buffer("least", torch.tensor(math.inf))
        self.register_buffer("place", torch.zeros((), dtype=torch.long))
        self.register_buffer("chosen", torch.zeros((), dtype=torch.long))

    def solve(self) -> Mapping[str, Tensor]:
        piece, number = divmod(int(self.place), len(self.lengths) + 1)
        start, end = piece * PIECE, min(self.size, (piece + 1) * PIECE)
        left, right = max(0, start - LONGEST), min(self.size, end + LONGEST)
        last = number == len(self.lengths)
        risk, made = self._tried(self.samples[:, left:right], int(self.chosen) if last else number, last)
        if last or risk < self.least:
            self.made[:, start:end] = made[:, start - left : end - left]
            self.least.fill_(math.inf if last else float(risk))
            self.chosen.fill_(number if not last else 0)
        self.place += 1
        return {"risk": risk}

    def _tried(self, y: Tensor, number: int, wiener: bool) -> tuple[Tensor, Tensor]:
        """The estimated risk of block thresholding with windows of one length, and its estimate, or Wiener's by it."""
        length, floor = self.lengths[number], self.floor[number][:, :, None]
        spectra = spectra_of(y, length)
        power = spectra.abs().square() / floor
        attenuation, risk = block_attenuation(power, self.residual)
        if wiener:
            kept = attenuation.square() * power
            attenuation = kept / (kept + 1)
        return (risk * floor).mean(), samples_of(spectra * attenuation, length, y.shape[-1])

    def estimate(self) -> Tensor:
        return self.made[None].clone()


@method(
    "Time-frequency block thresholding",
    cite="Yu, Mallat, Bacry. Audio denoising by time-frequency block thresholding. IEEE Trans. Signal Processing 2008.",
    tasks=("denoise",),
    needs=("A",),
    domain=RECORDING,
    deterministic=True,
)
def block_thresholding(
    y: Recording,
    physics: Any,
    *,
    sigma: o.Sigma = None,
    noise: Annotated[
        Literal["white", "coloured"],
        Option(
            "whether the noise has the same power at every frequency; where it has not, what never pauses at a "
            "frequency is taken for noise",
            only="without sigma, which is of white noise",
            counts=lambda others: others.get("sigma") is None,
        ),
    ] = "white",
    shortest: Annotated[float, Option("the shortest windows that are tried, in ms", low=2, high=500)] = 15.0,
    lengths: Annotated[int, Option("window lengths that are tried, each twice the one before", low=1, high=8)] = 5,
    residual: Annotated[float, Option("probability that a block of noise alone is kept", above=0, below=0.5)] = 0.01,
) -> Stage:
    most = min(LONGEST, max(16, y.samples.shape[-1] // 2))
    tried = sorted({window_length(shortest * 2**k, y.rate, most) for k in range(lengths)})
    if sigma is None:
        floor, notes = _estimated(y.samples[0], tried, noise)
    else:
        floor = [y.samples.new_full((y.samples.shape[1], n // 2 + 1), sigma**2) for n in tried]
        notes = []
    least = FAINTEST * float(y.samples.square().mean()) + torch.finfo(torch.float32).tiny
    return Thresholding(y, [one.clamp(min=least) for one in floor], tried, residual, notes)


def _estimated(samples: Tensor, lengths: list[int], noise: str) -> tuple[list[Tensor], list[str]]:
    """The noise's power for each length of windows, and a note that says so."""
    floor = noise_floor(spectra_of(samples, lengths[len(lengths) // 2]), noise == "coloured")
    found = [F.interpolate(floor[None], n // 2 + 1, mode="linear", align_corners=True)[0] for n in lengths]
    share = float((floor.mean() / samples.square().mean().clamp(min=1e-30)).clamp(min=1e-9))
    return found, [f"{noise} noise, {-10 * math.log10(share):.1f} dB below the recording, by its quietest moments"]


def block_attenuation(power: Tensor, residual: float) -> tuple[Tensor, Tensor]:
    """How each element of spectra is attenuated, and the estimated risk of the whole, in units of the noise.

    Parameters
    ----------
    power : Tensor
        ``|Y|² / σ²``, ``(C, frequencies, moments)``.
    residual : float
        As of ``threshold``.

    Returns
    -------
    attenuation : Tensor
        Of the shape of ``power``, in [0, 1].
    risk : Tensor
        Stein's estimate of the mean of ``|X − S|² / σ²``, of each macroblock, repeated to the shape of ``power``.
    """
    channels, tall, wide = power.shape
    padded = power.new_ones(channels, tall + -tall % TALL, wide + -wide % WIDE)
    padded[:, :tall, :wide] = power
    best, chosen = torch.full_like(padded, math.inf), torch.ones_like(padded)
    for height, width in itertools.product(HEIGHTS, WIDTHS):
        attenuation, risk = _of_blocks(padded, height, width, residual)
        better = risk < best
        best, chosen = torch.where(better, risk, best), torch.where(better, attenuation, chosen)
    return chosen[:, :tall, :wide], best[:, :tall, :wide]


def _of_blocks(power: Tensor, height: int, width: int, residual: float) -> tuple[Tensor, Tensor]:
    """Attenuation and mean risk, a macroblock's being that of all its blocks, as ``power`` is laid out."""
    count, limit = height * width, threshold(height * width, residual)
    mean = F.avg_pool2d(power, (height, width)).clamp(min=1e-30)
    kept = (1 - limit / mean).clamp(min=0)
    shrunk = 1 + (limit**2 - 2 * limit * (1 - 1 / count)) / mean
    risk = torch.where(mean > limit, shrunk, mean - 1)
    whole = F.avg_pool2d(risk, (TALL // height, WIDE // width))
    return _spread(kept, height, width), _spread(whole, TALL, WIDE)


def _spread(x: Tensor, height: int, width: int) -> Tensor:
    return x.repeat_interleave(height, -2).repeat_interleave(width, -1)


def threshold(count: int, residual: float) -> float:
    """λ: what the mean power of ``count`` elements of unit noise exceeds with the probability ``residual``.

    That mean has a gamma distribution, whose quantile is Wilson's and Hilferty's; overlapping windows make neighbours
    alike, so that fewer count.
    """
    free = count / SHARED
    z = math.sqrt(2) * float(torch.erfinv(torch.tensor(1 - 2 * residual, dtype=torch.float64)))
    return (1 - 1 / (9 * free) + z / math.sqrt(9 * free)) ** 3
