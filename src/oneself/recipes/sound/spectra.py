"""Short-time spectra of recordings, and the noise in them."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["noise_floor", "samples_of", "spectra_of", "window_length"]

OVERLAP = 4  # windows that every sample lies in
QUIET = 0.1  # share of the moments at which a frequency is taken to hold noise alone
NEIGHBOURS = 15  # frequencies over which the floor is a median: a tone that never pauses is a few wide
LOWEST = 0.2  # share of the frequencies that hold noise alone at those moments, of white noise


def window_length(milliseconds: float, rate: float, most: int) -> int:
    """The power of two that is nearest to a time, in samples: 16 at least, ``most`` at most."""
    nearest = round(math.log2(max(1.0, milliseconds * rate / 1000)))
    return int(2 ** max(4, min(nearest, math.floor(math.log2(max(16, most))))))


def spectra_of(x: Tensor, length: int) -> Tensor:
    """The spectra of windows, ``(C, length // 2 + 1, moments)``, of samples ``(C, T)``; white noise keeps its level.

    The windows are square roots of Hann's, a quarter of their length apart, and reach beyond both ends, where the
    recording is mirrored: silence there would look like noise that was taken away.
    """
    window = _window(length, x)
    wide = length, length + -x.shape[-1] % (length // OVERLAP)
    padded = F.pad(x, wide, mode="reflect" if max(wide) < x.shape[-1] else "constant")
    found = torch.stft(padded, length, length // OVERLAP, window=window, center=False, return_complex=True)
    return found / window.square().sum().sqrt()


def samples_of(spectra: Tensor, length: int, size: int) -> Tensor:
    """The inverse of ``spectra_of``: ``size`` samples of each channel, ``(C, size)``, by overlapping and adding."""
    window = _window(length, spectra.real)
    hop = length // OVERLAP
    pieces = torch.fft.irfft(spectra * window.square().sum().sqrt(), n=length, dim=-2) * window[:, None]
    total = (spectra.shape[-1] - 1) * hop + length
    made = F.fold(pieces, (1, total), (1, length), stride=(1, hop))[:, 0, 0]
    weights = F.fold(window.square()[None, :, None].expand(1, -1, spectra.shape[-1]), (1, total), (1, length),
                     stride=(1, hop))[0, 0, 0]  # fmt: skip
    return (made / weights.clamp(min=1e-6))[:, length : length + size]


def _window(length: int, like: Tensor) -> Tensor:
    return torch.hann_window(length, dtype=like.dtype, device=like.device).sqrt()


def noise_floor(spectra: Tensor, coloured: bool) -> Tensor:
    """The power of the noise at every frequency, ``(C, frequencies)``: what is there at the quietest moments.

    The power of Gaussian noise has an exponential distribution, whose quantile tells its mean. White noise has one
    power everywhere: that of the frequencies where there is least.

    Parameters
    ----------
    spectra : Tensor
        As of ``spectra_of``.
    coloured : bool
        Whether the noise may differ from frequency to frequency.
    """
    power = spectra.abs().square()
    heard = power.sum(-2) > 0  # moments of digital silence tell nothing of the noise
    quiet = [
        torch.quantile(one[:, where], QUIET, dim=-1) if where.any() else one[:, 0]
        for one, where in zip(power, heard, strict=True)
    ]
    floor = torch.stack(quiet) / -math.log(1 - QUIET)
    half = min(NEIGHBOURS // 2, (floor.shape[-1] - 1) // 2)
    if half:
        floor = F.pad(floor[None], (half, half), mode="reflect")[0].unfold(-1, 2 * half + 1, 1).median(-1).values
    if coloured:
        return floor
    return torch.quantile(floor, LOWEST, dim=-1, keepdim=True).expand_as(floor)
