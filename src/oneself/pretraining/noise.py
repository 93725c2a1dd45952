"""Noise to train on: of every level, alike or not in all channels and places, cut at the range or not."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

__all__ = ["HIGHEST", "levels", "noisy"]

HIGHEST = 75 / 255
CUT = 0.3  # of the pictures have their values cut to [0, 1]
ALIKE, BY_CHANNEL = 0.7, 0.15  # of the pictures; the level of the others grows with brightness


def levels(chance: Generator, clean: Tensor) -> Tensor:
    """The standard deviation of the noise, as large as ``clean``, ``(B, C, H, W)`` in [0, 1].

    Of seven pictures in ten it is one number between 0 and ``HIGHEST``; of the others it differs between channels, or
    follows ``σ² = a² + b x``, as of sensors that count light.
    """
    count, channels = clean.shape[:2]
    top, kind, part = (_uniform(chance, clean, count, 1, 1, 1) for _ in range(3))
    by_channel = 0.3 + 0.7 * _uniform(chance, clean, count, channels, 1, 1)
    by_brightness = (part**2 + (1 - part**2) * clean).sqrt()
    factor = torch.where(kind < ALIKE + BY_CHANNEL, by_channel, by_brightness)
    return HIGHEST * top * torch.where(kind < ALIKE, torch.ones_like(clean), factor)


def noisy(chance: Generator, clean: Tensor, level: Tensor) -> Tensor:
    """``clean`` with Gaussian noise of ``level``; some pictures cut to [0, 1]."""
    noise = torch.randn(clean.shape, generator=chance, device=clean.device)
    made = clean + level * noise
    cut = _uniform(chance, clean, len(clean), 1, 1, 1) < CUT
    return torch.where(cut, made.clamp(0, 1), made)


def _uniform(chance: Generator, like: Tensor, *shape: int) -> Tensor:
    return torch.rand(shape, generator=chance, device=like.device)
