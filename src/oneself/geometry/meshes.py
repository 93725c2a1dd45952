"""Triangle meshes: vertices ``(V, 3)`` and faces ``(F, 3)``."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = [
    "areas",
    "boundary_edges",
    "edges_of",
    "euler_number",
    "face_normals",
    "sample_surface",
    "vertex_normals",
]


def _doubled(vertices: Tensor, faces: Tensor) -> Tensor:
    """Of each face the normal, of twice its area's length."""
    a, b, c = vertices[faces].unbind(1)
    found: Tensor = torch.linalg.cross(b - a, c - a)
    return found


def areas(vertices: Tensor, faces: Tensor) -> Tensor:
    """The area of each face, ``(F,)``."""
    found: Tensor = torch.linalg.vector_norm(_doubled(vertices, faces), dim=1) / 2
    return found


def face_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """The normal of each face, ``(F, 3)``; 0 of one without area."""
    return torch.nn.functional.normalize(_doubled(vertices, faces), dim=1, eps=torch.finfo(vertices.dtype).tiny)


def vertex_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """The mean of the faces' normals around each vertex, by their areas, ``(V, 3)``."""
    around = _doubled(vertices, faces).repeat_interleave(3, 0)
    total = torch.zeros_like(vertices).index_add(0, faces.reshape(-1), around)
    return torch.nn.functional.normalize(total, dim=1, eps=torch.finfo(vertices.dtype).tiny)


def edges_of(faces: Tensor) -> tuple[Tensor, Tensor]:
    """The edges ``(E, 2)``, the smaller vertex first, and how many faces each is of, ``(E,)``."""
    pairs = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).sort(dim=1).values
    found = torch.unique(pairs, dim=0, return_counts=True)
    return found[0], found[1]


def boundary_edges(faces: Tensor) -> int:
    """How many edges are not of exactly two faces; 0 of a watertight mesh."""
    return int((edges_of(faces)[1] != 2).sum())


def euler_number(faces: Tensor) -> int:
    """Vertices (those of faces) less edges plus faces: 2 of a sphere, 0 of a torus."""
    return len(torch.unique(faces)) - len(edges_of(faces)[0]) + len(faces)


def sample_surface(vertices: Tensor, faces: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Places drawn evenly over a surface.

    Returns
    -------
    points, face, weights : Tensor
        ``(count, 3)``, the face of each, ``(count,)``, and how much of each corner it is, ``(count, 3)``.
    """
    size = areas(vertices, faces)
    face = torch.searchsorted(size.cumsum(0), torch.rand(count, device=size.device, dtype=size.dtype) * size.sum())
    face = face.clamp_max(len(faces) - 1)
    u, v = torch.rand(2, count, 1, device=size.device, dtype=size.dtype)
    root = u.sqrt()
    weights = torch.cat([1 - root, root * (1 - v), root * v], 1)
    return (vertices[faces[face]] * weights[..., None]).sum(1), face, weights
