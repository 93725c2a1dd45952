"""Moments of a recording, and how alike they are in what was heard just before or comes just after."""

from __future__ import annotations

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.domains import Recording

__all__ = ["hop_of", "moments_of", "pasts", "similar"]

MOST = 4096  # moments at most
APART = 0.01  # seconds between two moments at least
BANDS = 24  # of frequency, each as much wider than the one below
LOWEST = 60.0  # Hz
QUIETEST = 1e-6  # of the loudest band's power, under which all is silence
PARTS = 4  # that a past is cut into, each twice as long as the one after it


def hop_of(y: Recording) -> int:
    """Samples between two moments."""
    length = y.samples.shape[-1]
    return max(1, math.ceil(length / MOST), min(round(APART * y.rate), length // 16))


def moments_of(y: Recording, hop: int) -> Tensor:
    """What is heard at each moment: decibels in bands of frequency, ``(moments, BANDS)``, all channels together."""
    window = int(2 ** math.ceil(math.log2(max(16, 2 * hop))))
    samples = F.pad(y.samples[0], (window // 2, window))
    pieces = samples.unfold(-1, window, hop)[:, : -(-y.samples.shape[-1] // hop)]
    power = torch.fft.rfft(pieces * torch.hann_window(window, device=samples.device)).abs().square().mean(0)
    bands: Tensor = power @ _bands(window, y.rate).to(power)
    return 10 * (bands / bands.max().clamp(min=1e-30) + QUIETEST).log10()


def _bands(window: int, rate: float) -> Tensor:
    """Triangles over the logarithm of the frequency, ``(frequencies, BANDS)``, each of sum 1."""
    frequencies = torch.fft.rfftfreq(window, 1 / rate).clamp(min=1e-3)
    lowest = max(LOWEST, rate / window)
    edges = torch.linspace(math.log(lowest), math.log(max(rate / 2, 2 * lowest)), BANDS)
    weights: Tensor = (1 - (frequencies.log()[:, None] - edges).abs() / (edges[1] - edges[0])).clamp(min=0) + 1e-6
    return weights / weights.sum(0)


def pasts(moments: Tensor, context: int) -> Tensor:
    """What was heard before each moment, ``(moments, PARTS × BANDS)``: means over parts that reach ``context`` back,
    the nearer the shorter."""
    edges = [0, *(max(k + 1, round(context / 2 ** (PARTS - 1 - k))) for k in range(PARTS))]
    padded = F.pad(moments.T[None], (edges[-1], 0), mode="replicate")[0]
    total = F.pad(padded.double().cumsum(-1), (1, 0))
    count = len(moments)
    here = edges[-1]
    parts = []
    for near, far in itertools.pairwise(edges):
        sums = total[:, here - near : here - near + count] - total[:, here - far : here - far + count]
        parts.append((sums / (far - near)).T)
    return torch.cat(parts, 1).float()


def similar(keys: Tensor, rows: slice, allowed: Tensor, guard: int, count: int) -> tuple[Tensor, Tensor]:
    """For some moments the ``count`` others with the nearest keys, and their mean squared differences.

    Parameters
    ----------
    keys : Tensor
        ``(moments, D)``.
    rows : slice
        The moments that are asked about.
    allowed : Tensor
        ``(moments,)``, which may be found.
    guard : int
        Nearer ones in time are left out: what simply comes next is no news.
    """
    distances = torch.cdist(keys[rows], keys).square() / keys.shape[1]
    numbers = torch.arange(len(keys), device=keys.device)
    near = (numbers[rows, None] - numbers).abs() < guard
    distances = distances + 1e6 * near + 1e9 * ~allowed
    found = distances.topk(count, largest=False)
    return found.indices, found.values
