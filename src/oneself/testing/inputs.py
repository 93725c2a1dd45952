"""Small inputs of each domain, to try methods on."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from oneself.domains import IMAGE, POINTS, RECORDING, Domain, Recording
from oneself.testing.pictures import picture

__all__ = ["inputs_of", "points", "recording"]


def recording(length: int = 240, channels: int = 1, rate: float = 8000.0, noise: float = 0.1) -> Recording:
    """Two tones, another phase in each channel, with white noise; the same each time."""
    time = torch.arange(length) / rate
    shift = torch.arange(channels)[:, None]
    tones = 0.5 * torch.sin(2 * math.pi * 200 * time + shift) + 0.2 * torch.sin(2 * math.pi * 410 * time)
    return Recording((tones + noise * _normal(channels, length))[None], rate)


def points(number: int = 60, noise: float = 0.02) -> Tensor:
    """Places on a sphere of radius 1, ``(N, 3)``, with white noise; the same each time."""
    x = _normal(number, 3, seed=1)
    return torch.nn.functional.normalize(x) + noise * _normal(number, 3)


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def inputs_of(domain: Domain[Any]) -> list[Any]:
    """Two inputs of a domain, the first for what holds anywhere.

    Raises
    ------
    ValueError
        It is a domain of one's own.
    """
    known: dict[Domain[Any], list[Any]] = {
        IMAGE: [picture(24, 20), picture(23, 19, channels=1)],
        RECORDING: [recording(), recording(97, 2, 44100.0)],
        POINTS: [points(), points(37)],
    }
    if domain not in known:
        raise ValueError(f"cases({domain.name}): no inputs of this domain are known. Give inputs=[...].")
    return known[domain]
