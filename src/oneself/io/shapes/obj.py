"""OBJ (Wavefront): vertices with their colours and normals, and faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .shape import Array, Damaged, Shape, fans

__all__ = ["read_obj", "write_obj"]

SAID = {b"#", b"g", b"o", b"s"}  # remarks and groups, whose loss is not told
COLOURS = ("red", "green", "blue")


def read_obj(path: Path) -> Shape:
    """Normals are kept where there is one for each vertex, in their order; materials and textures are not."""
    rows: dict[bytes, list[list[bytes]]] = {b"v": [], b"vn": [], b"f": []}
    others: set[str] = set()
    for line in path.read_bytes().replace(b"\\\n", b" ").splitlines():
        kind, *words = line.split() or [b"#"]
        if kind in rows:
            rows[kind].append(words)
        elif kind[:1] != b"#" and kind not in SAID:
            others.add(kind.decode("utf-8", "replace")[:16])
    vertices = _table(rows[b"v"])
    if not len(vertices) or vertices.shape[1] < 3:
        raise Damaged("it has no vertices")
    normals = _table(rows[b"vn"]) if len(rows[b"vn"]) == len(vertices) else None
    notes = [f"its lines {', '.join(sorted(others))} are not kept"] if others else []
    if rows[b"vn"] and normals is None:
        notes.append("its normals are not one for each vertex, and are not kept")
    colours = vertices[:, -3:] if vertices.shape[1] in (6, 7) else vertices[:, :0]
    kept = {name: np.round(255 * values).astype(np.uint8) for name, values in zip(COLOURS, colours.T, strict=False)}
    in_range = bool(colours.size) and colours.min() >= 0 and colours.max() <= 1
    return Shape(vertices[:, :3].copy(), normals, _faces(rows[b"f"], len(vertices)), kept if in_range else {}, "obj",
                 (), tuple(notes))  # fmt: skip


def _table(rows: list[list[bytes]]) -> Array:
    """Numbers, a row a line; those of the fewest columns are all that is read."""
    if not rows:
        return np.zeros((0, 3))
    width = min(map(len, rows))
    try:
        return np.array([row[:width] for row in rows], np.float64).reshape(len(rows), width)
    except ValueError as error:
        raise Damaged("it holds what is no number") from error


def _faces(rows: list[list[bytes]], count: int) -> Array | None:
    if not rows:
        return None
    words = [word.partition(b"/")[0] for row in rows for word in row]
    try:
        corners = np.array(words, np.int64)
    except (ValueError, OverflowError) as error:
        raise Damaged("a face has a corner that is no number") from error
    corners = np.where(corners < 0, corners + count, corners - 1)  # from the end, as far as all are read
    if len(corners) and not (corners.min() >= 0 and corners.max() < count):
        raise Damaged("a face has a corner that is no vertex")
    return fans(np.array([len(row) for row in rows]), corners)


def write_obj(shape: Shape, path: Path) -> None:
    """Colours of bytes are written as shares of 1, as programs that read them expect."""
    colours = [shape.attributes[name] for name in COLOURS if name in shape.attributes]
    rows = shape.points.astype(np.float64)
    if len(colours) == 3:
        scaled = [c / 255 if c.dtype == np.uint8 else c for c in colours]
        rows = np.concatenate([rows, np.stack(scaled, axis=1)], axis=1)
    with path.open("w") as file:
        np.savetxt(file, rows, fmt="v " + " ".join(["%.17g"] * 3 + ["%.6g"] * (rows.shape[1] - 3)))
        if shape.normals is not None:
            np.savetxt(file, shape.normals, fmt="vn %.9g %.9g %.9g")
        if shape.faces is not None:
            corner, indices = "%d", shape.faces + 1
            if shape.normals is not None:
                corner, indices = "%d//%d", np.repeat(indices, 2, axis=1)
            np.savetxt(file, indices, fmt="f " + " ".join([corner] * 3))
