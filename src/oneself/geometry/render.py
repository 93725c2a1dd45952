"""A picture of points or of a mesh, without a window: lit, seen from one side."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["render"]

Array = np.ndarray[Any, np.dtype[Any]]
VIEW = (-25.0, 20.0)  # degrees about the vertical, and down
LIGHT = (-0.4, 0.5, 0.75)
PAPER, BACK = 255, 96  # gray of what is empty; the least gray of what is seen
SAMPLES = 5  # places on a mesh for each pixel of the picture
COVER = 1.0  # of a picture's side over the root of how many points there are: how far each is spread, to hide the back


def render(points: Array, normals: Array | None, faces: Array | None = None, size: int = 512) -> Array:
    """A gray picture ``(size, size)``, 8 bit, the y axis up; what faces away (inside out) is drawn dark.

    Parameters
    ----------
    points, normals, faces : ndarray
        ``(N, 3)`` each; points without normals are shaded by how near they are.
    """
    places: Array
    light: Array | None
    if faces is not None and len(faces):
        places, light = _on_faces(points, faces, SAMPLES * size**2)
    else:
        places, light = points, normals
    turned, ray = _turned(places - (points.min(0) + points.max(0)) / 2), np.asarray(LIGHT) / np.linalg.norm(LIGHT)
    shade = _by_depth(turned) if light is None else _turned(light) @ ray
    seen = np.ones(len(turned)) if light is None else _turned(light)[:, 2]
    gray = np.where(seen > 0, BACK + (250 - BACK) * np.clip(shade, 0, 1), BACK * (0.35 - 0.3 * np.minimum(seen, 0)))
    reach = max(float(np.abs(turned[:, :2]).max()), 1e-12) * 1.05
    column, row = ((turned[:, :2] * (1, -1) / reach + 1) / 2 * size).astype(np.int64).clip(0, size - 1).T
    wide = 2 if faces is not None and len(faces) else 1 + 2 * round(COVER * size / np.sqrt(len(points)))
    return _drawn(row, column, turned[:, 2], gray, size, min(wide, max(1, size // 32)))


def _turned(x: Array) -> Array:
    a, b = np.radians(VIEW)
    about = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    down = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    found: Array = x @ (down @ about).T
    return found


def _by_depth(x: Array) -> Array:
    z = x[:, 2]
    found: Array = (z - z.min()) / max(float(np.ptp(z)), 1e-12)
    return found


def _on_faces(points: Array, faces: Array, count: int) -> tuple[Array, Array]:
    """Places evenly over the faces, and their normals; the same each time."""
    a, b, c = (points[faces[:, i]].astype(np.float64) for i in range(3))
    across = np.cross(b - a, c - a)
    size = np.linalg.norm(across, axis=1)
    chance = np.random.default_rng(0)
    share = size / max(float(size.sum()), 1e-300)
    number = np.floor(share * count + chance.random(len(faces))).astype(np.int64)
    face = np.repeat(np.arange(len(faces)), number)
    root, along = np.sqrt(chance.random((len(face), 1))), chance.random((len(face), 1))
    places = a[face] * (1 - root) + b[face] * (root * (1 - along)) + c[face] * (root * along)
    return places, across[face] / np.maximum(size[face], 1e-300)[:, None]


def _drawn(row: Array, column: Array, depth: Array, gray: Array, size: int, wide: int) -> Array:
    """The nearest of what falls on each pixel; each drawn ``wide`` pixels wide."""
    spread = range(-(wide // 2), wide - wide // 2)
    moves = [(i, j) for i in spread for j in spread]
    rows = np.concatenate([row + i for i, _ in moves]).clip(0, size - 1)
    columns = np.concatenate([column + j for _, j in moves]).clip(0, size - 1)
    order = np.argsort(np.tile(depth, len(moves)), kind="stable")  # the nearest is drawn last
    picture = np.full((size, size), PAPER, np.uint8)
    picture[rows[order], columns[order]] = np.tile(gray, len(moves))[order].astype(np.uint8)
    return picture
