"""The rates at which a recording is learned, from coarse to fine, and what of it is known at each."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.networks.waveform import shrunk
from oneself.operators.rates import resampled

__all__ = ["rates_of", "valid_at"]

RATES = (320, 400, 500, 640, 800, 1000, 1280, 1600, 2000, 2500, 4000, 8000, 10000, 12000, 14400, 16000)
LOUD = 0.0025  # mean power of the coarsest rate, of a recording whose largest sample is 1
FEWEST = 100  # samples of the recording at the coarsest rate
NEARLY = 1e-3  # by which rates may be less apart than asked for: those of given lengths are not quite even


def rates_of(
    x: Tensor, rate: float, coarsest: float | None, ratio: float, reach: int, known: Tensor | None = None
) -> list[float]:
    """The rates from coarse to fine: of ``RATES`` those from the coarsest on, each ``ratio`` times the one before.

    Without ``coarsest`` it is the first at which the recording ``(1, C, T)`` has power enough; with gaps a rate at
    which every sample meets one within ``reach`` is left out. The last is the recording's own.
    """
    found: list[float] = [rate]
    for lower in sorted((r for r in RATES if r < rate), reverse=True):
        size = round(x.shape[-1] * lower / rate)
        if size < FEWEST or (coarsest is not None and lower < coarsest):
            break
        if coarsest is None and float(resampled(x, size).square().mean()) < LOUD * float(x.abs().max()) ** 2:
            break
        if known is not None and not bool((_seen(valid_at(known, size), reach) > 0).any()):
            break
        if found[-1] >= ratio * lower * (1 - NEARLY):
            found.append(lower)
    return found[::-1]


def valid_at(known: Tensor, size: int) -> Tensor:
    """Which of ``size`` samples in the same time stand for known ones alone, ``(1, 1, size)``, 1 and 0.

    A sample at a lower rate stands for those in its part of the time and for one more on either side.
    """
    length = known.shape[-1]
    missing = F.pad((~known).long().cumsum(-1), (1, 0))
    edges = torch.arange(size + 1, device=known.device, dtype=torch.float64) * (length / size)
    wider = 0 if size >= length else 1
    first = (edges[:-1].floor().long() - wider).clamp(min=0)
    last = (edges[1:].ceil().long() + wider).clamp(max=length)
    return (missing[last] == missing[first]).float()[None, None]


def _seen(valid: Tensor, reach: int) -> Tensor:
    return shrunk(F.pad(valid, (reach, reach), value=1.0), reach)
