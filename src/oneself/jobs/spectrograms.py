"""Recordings to look at, 8 bit: the waveform, and below it the spectrogram, of before and after."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["one_above_the_other", "spectrogram", "waveform"]

Samples = np.ndarray[Any, np.dtype[Any]]
Shown = np.ndarray[Any, np.dtype[np.uint8]]
ACROSS, HIGH, LOW = 900, 240, 80  # pixels of a spectrogram, and of a waveform's height
GAP = 8  # white pixels between before and after
DEEP = 80.0  # decibels from the loudest to what is shown black
WINDOW = 0.032  # seconds
COLOURS = np.array([[0, 0, 4], [81, 18, 124], [183, 55, 121], [252, 137, 97], [252, 253, 191]], np.float64)
INK = (40, 70, 120)


def one_above_the_other(recordings: Sequence[tuple[Samples, float]]) -> Shown:
    """Recordings ``(C, T)`` with their rates, ``(Y, X, 3)``: loudness and frequencies are those of the first to last.

    All are shown in the same colours, up to half of the highest rate.
    """
    highest, made = max(rate for _, rate in recordings) / 2, list[Shown]()
    waves = [samples.astype(np.float64).mean(0) for samples, _ in recordings]
    power = [_power(wave, rate, highest) for wave, (_, rate) in zip(waves, recordings, strict=True)]
    loudest, peak = max(float(p.max()) for p in power), max(float(np.abs(wave).max()) for wave in waves)
    for number, (wave, levels) in enumerate(zip(waves, power, strict=True)):
        made += [np.full((GAP, ACROSS, 3), 255, np.uint8)] * (number > 0)
        made += [waveform(wave, peak), spectrogram(levels, loudest)]
    return np.concatenate(made)


def waveform(wave: Samples, peak: float) -> Shown:
    """The least and the largest sample of each column, on white."""
    edges = np.linspace(0, len(wave), ACROSS + 1).astype(int)
    shown = np.full((LOW, ACROSS, 3), 255, np.uint8)
    for column, (start, end) in enumerate(itertools.pairwise(edges)):
        part = wave[start : max(end, start + 1)] / (peak or 1.0)
        if len(part):
            top, bottom = ((1 - value) / 2 * (LOW - 1) for value in (part.max(), part.min()))
            shown[int(top) : int(bottom) + 1, column] = INK
    return shown


def spectrogram(power: Samples, loudest: float) -> Shown:
    """Power ``(frequencies, moments)`` in decibels as colours, high frequencies on top."""
    level = 10 * np.log10(power / (loudest or 1.0) + 10 ** (-DEEP / 10)) / DEEP + 1
    at = level.clip(0, 1) * (len(COLOURS) - 1)
    below = np.minimum(at.astype(int), len(COLOURS) - 2)
    share = (at - below)[..., None]
    colours = COLOURS[below] * (1 - share) + COLOURS[below + 1] * share
    return np.ascontiguousarray(np.rint(colours[::-1]).astype(np.uint8))


def _power(wave: Samples, rate: float, highest: float) -> Samples:
    """The power at every pixel, ``(HIGH, ACROSS)``, from 0 to ``highest`` Hz: of Hann windows around its moments."""
    length = int(2 ** round(math.log2(max(16.0, WINDOW * rate))))
    window, padded = np.hanning(length), np.pad(wave, length // 2)
    starts = np.linspace(0, max(0, len(padded) - length), ACROSS).astype(int)
    found = np.empty((HIGH, ACROSS))
    wanted = (np.arange(HIGH) + 0.5) / HIGH * highest
    bins = np.arange(length // 2 + 1) * rate / length
    for column, start in enumerate(starts):
        piece = padded[start : start + length]
        spectrum = np.abs(np.fft.rfft(np.pad(piece, (0, length - len(piece))) * window)) ** 2
        found[:, column] = np.interp(wanted, bins, spectrum, right=0.0)
    return np.asarray(found / np.square(window).sum())
