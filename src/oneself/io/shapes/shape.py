"""A point cloud or a mesh as a file has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Array", "Damaged", "Shape", "fans", "named_normals"]

Array = np.ndarray[Any, np.dtype[Any]]


class Damaged(OSError):
    """A file that does not hold what it says; the message says what is wrong."""


@dataclass(frozen=True, eq=False)
class Shape:
    """Points, and what belongs to each of them.

    Attributes
    ----------
    points : ndarray
        ``(N, 3)``, in the file's own units and of its type, float32 or float64.
    normals : ndarray or None
        ``(N, 3)``, as the file has them: of any length, and pointing anywhere.
    faces : ndarray or None
        ``(F, 3)``, int64: triangles, counter-clockwise seen from outside; larger faces are cut into fans.
    attributes : mapping
        What else each point has, by name, ``(N,)``: ``red``, ``green``, ``blue`` (and ``alpha``), ``intensity``, …
    format, comments, notes
        What the file is, what its owner wrote into it, and what could not be kept.
    """

    points: Array
    normals: Array | None = None
    faces: Array | None = None
    attributes: Mapping[str, Array] = field(default_factory=dict)
    format: str = ""
    comments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_mesh(self) -> bool:
        return self.faces is not None and len(self.faces) > 0

    def finite(self) -> bool:
        """Whether every place is a finite number."""
        return bool(np.isfinite(self.points).all())


def fans(counts: Array, corners: Array) -> Array:
    """Polygons as triangles ``(F, 3)``: each from its first corner; those of fewer than three corners are left out.

    Parameters
    ----------
    counts : ndarray
        Corners of each polygon, ``(P,)``.
    corners : ndarray
        The polygons' corners one after another, ``(sum of counts,)``.
    """
    starts = np.cumsum(counts) - counts
    triangles = np.maximum(counts - 2, 0)
    owner = np.repeat(np.arange(len(counts)), triangles)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(triangles) - triangles, triangles)
    first = starts[owner]
    found: Array = corners[np.stack([first, first + within + 1, first + within + 2], axis=1).astype(np.int64)]
    return found.astype(np.int64).reshape(-1, 3)


def named_normals(columns: Mapping[str, Array]) -> Array | None:
    """The normals among named columns."""
    names = ("nx", "ny", "nz")
    return np.stack([columns[name] for name in names], axis=1) if all(name in columns for name in names) else None
