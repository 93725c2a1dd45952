"""XYZ (a line a point) and OFF (a mesh in plain text)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .shape import Array, Damaged, Shape, fans

__all__ = ["read_off", "read_xyz", "write_off", "write_xyz"]

UNIT = 0.05  # how far from 1 the length of normals may be, to be known as such
SHARE = 0.99  # of the rows whose normals must be of length 1
SEPARATORS = bytes.maketrans(b",;\t", b"   ")


def _lines(path: Path) -> list[bytes]:
    """Lines that say something, without remarks."""
    lines = (line.partition(b"#")[0].translate(SEPARATORS).strip() for line in path.read_bytes().splitlines())
    return [line for line in lines if line]


def _numbers(words: list[bytes]) -> Array:
    try:
        return np.array(words, np.float64)
    except ValueError as error:
        raise Damaged("it holds what is no number") from error


def read_xyz(path: Path) -> Shape:
    """Columns: places, normals where three more are of length 1, and others, kept as ``column_4`` and on."""
    lines = _lines(path)
    if len(lines) > 1 and len(lines[0].split()) == 1:  # how many there are, or a title
        lines = lines[1:]
    width = len(lines[0].split()) if lines else 0
    if width < 3:
        raise Damaged("its lines are no places x y z")
    words = b" ".join(lines).split()
    if len(words) != width * len(lines):
        raise Damaged("its lines have not all as many numbers")
    rows = _numbers(words).reshape(-1, width)
    normals = rows[:, 3:6] if width >= 6 else None
    if normals is not None and np.mean(np.abs(np.linalg.norm(normals, axis=1) - 1) < UNIT) < SHARE:
        normals = None
    first = 3 if normals is None else 6
    others = {f"column_{i + 1}": rows[:, i].copy() for i in range(first, width)}
    return Shape(rows[:, :3].copy(), None if normals is None else normals.copy(), None, others, "xyz")


def write_xyz(shape: Shape, path: Path) -> None:
    parts = [shape.points, *([] if shape.normals is None else [shape.normals])]
    parts += [values[:, None] for values in shape.attributes.values()]
    digits = "%.9g" if shape.points.dtype == np.float32 else "%.17g"
    np.savetxt(path, np.concatenate([part.astype(np.float64) for part in parts], axis=1), fmt=digits)


def read_off(path: Path) -> Shape:
    """OFF, COFF, NOFF and CNOFF; colours are kept as they are written, those of faces are not."""
    lines = _lines(path)
    if not lines or not lines[0].split()[0].endswith(b"OFF"):
        raise Damaged("it is no OFF")
    kind, *rest = lines[0].split()
    if kind not in (b"OFF", b"COFF", b"NOFF", b"CNOFF"):
        raise Damaged(f"it is of the kind {kind.decode('utf-8', 'replace')[:16]!r}, which is not read")
    lines = lines[1:] if not rest else [b" ".join(rest), *lines[1:]]
    sizes = _numbers(lines[0].split()) if lines else np.zeros(0)
    if len(sizes) not in (2, 3) or not all(0 <= size == int(size) < len(lines) for size in sizes[:2]):
        raise Damaged("it is cut short")
    count, polygons = int(sizes[0]), int(sizes[1])
    if count == 0 or len(lines) < 1 + count + polygons:
        raise Damaged("it has no vertices" if count == 0 else "it is cut short")
    width = len(lines[1].split())
    rows = _numbers(b" ".join(lines[1 : 1 + count]).split())
    if width < 3 or len(rows) != width * count:
        raise Damaged("its vertices have not all as many numbers")
    rows = rows.reshape(count, width)
    normals = rows[:, 3:6].copy() if kind in (b"NOFF", b"CNOFF") and width >= 6 else None
    colours = rows[:, 3 if normals is None else 6 :]
    names = ("red", "green", "blue", "alpha")[: colours.shape[1]]
    others = {name: _whole(colours[:, i]) for i, name in enumerate(names)}
    return Shape(rows[:, :3].copy(), normals, _faces(lines[1 + count :][:polygons], count), others, "off")


def _whole(values: Array) -> Array:
    """Bytes, where values are; as they are else."""
    is_byte = bool(np.all((values == np.round(values)) & (values >= 0) & (values <= 255))) and values.max() > 1
    return values.astype(np.uint8) if is_byte else values.copy()


def _faces(lines: list[bytes], count: int) -> Array | None:
    if not lines:
        return None
    rows = [_numbers(line.split()) for line in lines]
    counts = np.array([row[0] for row in rows])
    if not all(0 <= row[0] == int(row[0]) < len(row) for row in rows):
        raise Damaged("a face has fewer corners than it says")
    corners = np.concatenate([row[1 : 1 + int(row[0])] for row in rows])
    if len(corners) and not (corners.min() >= 0 and corners.max() < count and (corners == np.round(corners)).all()):
        raise Damaged("a face has a corner that is no vertex")
    return fans(counts.astype(np.int64), corners)


def write_off(shape: Shape, path: Path) -> None:
    colours = [shape.attributes[name] for name in ("red", "green", "blue", "alpha") if name in shape.attributes]
    coloured = len(colours) >= 3
    kind = ("C" if coloured else "") + ("N" if shape.normals is not None else "") + "OFF"
    faces = np.zeros((0, 3), np.int64) if shape.faces is None else shape.faces
    parts = [shape.points, *([] if shape.normals is None else [shape.normals])]
    rows = np.concatenate([part.astype(np.float64) for part in parts], axis=1)
    digits = [("%.9g" if shape.points.dtype == np.float32 else "%.17g")] * rows.shape[1]
    if coloured:
        rows = np.concatenate([rows, np.stack(colours, axis=1).astype(np.float64)], axis=1)
        digits += ["%.9g"] * len(colours)
    with path.open("w") as file:
        file.write(f"{kind}\n{len(rows)} {len(faces)} 0\n")
        np.savetxt(file, rows, fmt=digits)
        np.savetxt(file, np.insert(faces, 0, 3, axis=1), fmt="%d")
