"""Shapes by the ending of their file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from oneself.machine import free_memory

from ..paths import check_source
from ..saving import check_target, save
from .obj import read_obj, write_obj
from .ply import read_ply, write_ply
from .shape import Damaged, Shape
from .stl import load_trimesh, read_stl, write_stl
from .text import read_off, read_xyz, write_off, write_xyz

__all__ = ["SHAPE_ENDINGS", "check_shape_output", "is_shape", "read_shape", "shape_losses", "write_shape"]

READERS: dict[str, Callable[[Path], Shape]] = {
    ".ply": read_ply,
    **dict.fromkeys([".xyz", ".xyzn", ".pts"], read_xyz),
    ".off": read_off,
    ".obj": read_obj,
    ".stl": read_stl,
}
WRITERS: dict[str, Callable[[Shape, Path], None]] = {
    ".ply": write_ply,
    **dict.fromkeys([".xyz", ".xyzn", ".pts"], write_xyz),
    ".off": write_off,
    ".obj": write_obj,
    ".stl": write_stl,
}
SHAPE_ENDINGS = tuple(READERS)
CLOUDS = (".xyz", ".xyzn", ".pts")  # have no faces
COLOURS = ("red", "green", "blue", "alpha")
KEPT = {".off": COLOURS, ".obj": COLOURS[:3], ".stl": ()}  # attributes; other formats keep all
TIMES = 16  # the size of a file that reading it takes, in memory: its numbers as text, as objects and as numbers


def is_shape(path: str | Path) -> bool:
    """Whether a file is one of a point cloud or a mesh, by its ending."""
    return Path(path).suffix.lower() in READERS


def read_shape(path: str | Path) -> Shape:
    """A point cloud or a mesh, PLY, XYZ, OFF, OBJ or STL.

    Raises
    ------
    OSError
        As ``read``; damaged, or of another kind than its ending says.
    ValueError
        No such ending.
    ImportError
        STL, and trimesh is not installed.
    MemoryError
        It is too large for this machine.
    """
    path = Path(path)
    check_source(path)
    told = f"read(path={str(path)!r})"
    ending = _ending(path, told)
    size = path.stat().st_size
    if TIMES * size > free_memory():
        raise MemoryError(f"{told}: reading {size / 1e9:.3g} GB takes more memory than is at hand. Thin it first.")
    try:
        return READERS[ending](path)
    except Damaged as error:
        raise OSError(f"{told}: {error}. Get it again from where it came, or name it by its true ending.") from error


def _ending(path: Path, told: str) -> str:
    ending = path.suffix.lower()
    if ending not in READERS:
        raise ValueError(f"{told}: {ending or 'no ending'} is no shape. Name one of {', '.join(SHAPE_ENDINGS)}.")
    return ending


def shape_losses(shape: Shape, path: Path) -> list[str]:
    """What of a shape the format of a path cannot hold, in words."""
    ending = path.suffix.lower()
    kept = KEPT.get(ending, tuple(shape.attributes))
    lost = [name for name in shape.attributes if name not in kept]
    lost += ["normals"] if shape.normals is not None and ending == ".stl" else []
    lost += ["faces"] if shape.is_mesh and ending in CLOUDS else []
    return [f"{path.suffix} does not keep {', '.join(lost)}"] if lost else []


def check_shape_output(path: Path, mesh: bool, overwrite: bool = False) -> None:
    """Refuse, before any work, a place that a result could not be written to.

    Raises
    ------
    OSError, ValueError, ImportError
        As ``check_target``; no such ending; a mesh as XYZ or a point cloud as STL; trimesh is needed and missing.
    """
    ending = _ending(path, told := f"write(path={str(path)!r})")
    if mesh and ending in CLOUDS:
        raise ValueError(f"{told}: {ending} has no faces. End it in .ply, .obj, .off or .stl.")
    if not mesh and ending == ".stl":
        raise ValueError(f"{told}: .stl has faces alone. End it in .ply, .xyz, .obj or .off.")
    if ending == ".stl":
        load_trimesh()
    check_target(path, overwrite)


def write_shape(shape: Shape, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a shape atomically, in the format of the ending. Raises as ``save`` and ``check_shape_output``."""
    path = Path(path)
    check_shape_output(path, shape.is_mesh, overwrite)
    if shape.points.dtype not in (np.float32, np.float64):
        raise TypeError(f"write(path={str(path)!r}): places of {shape.points.dtype}. Give float32 or float64.")
    encode = partial(WRITERS[path.suffix.lower()], shape)
    return save(path, encode, overwrite=overwrite, aside=[(path.suffix, encode)])
