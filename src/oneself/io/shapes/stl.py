"""STL, by trimesh."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from .shape import Damaged, Shape

__all__ = ["load_trimesh", "read_stl", "write_stl"]


def load_trimesh() -> Any:
    """The library trimesh. Raises ImportError with the command that installs it."""
    try:
        return import_module("trimesh")
    except ImportError as error:
        raise ImportError(
            "read(path=….stl): STL files take trimesh, which is not installed. Run: pip install 'oneself[shapes]'"
        ) from error


def read_stl(path: Path) -> Shape:
    """Vertices that lie in one place are made one, as STL says each of them for every face."""
    trimesh = load_trimesh()
    try:
        with path.open("rb") as file:
            found = trimesh.exchange.stl.load_stl(file)
        corners = np.asarray(found["vertices"], np.float64)
        faces = np.asarray(found["faces"], np.int64).reshape(-1, 3)
    except Exception as error:  # whatever its parser raises
        raise Damaged(f"it is no STL that can be read ({type(error).__name__})") from error
    if len(corners) == 0 or len(faces) == 0 or not 0 <= faces.min() <= faces.max() < len(corners):
        raise Damaged("it has no faces")
    points, same = np.unique(corners, axis=0, return_inverse=True)
    return Shape(points, None, same.reshape(-1)[faces].astype(np.int64), {}, "stl")


def write_stl(shape: Shape, path: Path) -> None:
    """Binary, with the faces alone."""
    trimesh = load_trimesh()
    path.write_bytes(trimesh.exchange.stl.export_stl(trimesh.Trimesh(shape.points, shape.faces, process=False)))
