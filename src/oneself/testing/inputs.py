"""Small inputs of each domain, to try methods on."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from oneself.domains import IMAGE, MESH, ORIENTED, POINTS, RECORDING, Domain, Mesh, Recording
from oneself.testing.pictures import picture

__all__ = ["inputs_of", "octahedron", "points", "recording"]


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


def _oriented(x: Tensor) -> Tensor:
    """Points of a sphere around 0, with the normals that those have."""
    return torch.cat([x, torch.nn.functional.normalize(x)], 1)


def octahedron(levels: int = 2) -> Mesh:
    """A sphere of radius 1 of ``8 · 4^levels`` faces: an octahedron whose faces are cut in four."""
    vertices = torch.cat([torch.eye(3), -torch.eye(3)])
    faces = torch.tensor([[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]])
    for _ in range(levels):
        corners = vertices[faces]
        cut = torch.cat([corners, (corners + corners.roll(-1, 1)) / 2], 1)  # three corners, then middles 01, 12, 20
        parts = cut[:, torch.tensor([[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]])]
        vertices, faces = torch.unique(parts.reshape(-1, 3).round(decimals=6), dim=0, return_inverse=True)
        vertices, faces = torch.nn.functional.normalize(vertices), faces.reshape(-1, 3)
    return Mesh(vertices, faces)


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
        ORIENTED: [_oriented(points()), _oriented(points(37))],
        MESH: [octahedron(2), octahedron(1)],
    }
    if domain not in known:
        raise ValueError(f"cases({domain.name}): no inputs of this domain are known. Give inputs=[...].")
    return known[domain]
