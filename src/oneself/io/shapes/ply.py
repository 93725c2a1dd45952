"""PLY (Turk, 1994): text and binary in either order of bytes, with every plain property of the vertices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .shape import Array, Damaged, Shape, fans, named_normals

__all__ = ["read_ply", "write_ply"]

HEADER, LINES, NAME = 2**16, 1000, 64  # bytes, lines and characters of a name that are read
TYPES = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4"},
    **{"int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4", "float32": "f4"},
    **{"double": "f8", "float64": "f8"},
}
WORDS = {"i1": "char", "u1": "uchar", "i2": "short", "u2": "ushort", "i4": "int", "u4": "uint", "f4": "float",
         "f8": "double"}  # fmt: skip
ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
CORNERS = ("vertex_indices", "vertex_index")


@dataclass
class Element:
    """What a header says of one kind of row: ``properties`` by name, the type, and of a list the type of its length."""

    name: str
    count: int
    properties: dict[str, tuple[str, str | None]]

    @property
    def lists(self) -> list[str]:
        return [name for name, (_, length) in self.properties.items() if length is not None]


@dataclass
class Header:
    order: str
    elements: list[Element]
    comments: tuple[str, ...]


def read_ply(path: Path) -> Shape:
    """Raises Damaged for a file that is no PLY, or holds less than it says."""
    with path.open("rb") as file:
        header = _header(file)
        rest = file.read()
    source = _Text(rest) if not header.order else _Binary(rest, header.order)
    columns: dict[str, Array] = {}
    faces, notes = None, []
    for element in header.elements:
        if element.count and not element.properties:
            raise Damaged(f"its {element.name[:NAME]} elements have no properties")
        if element.name == "vertex":
            if element.lists:
                raise Damaged("its vertices have lists")
            columns = source.table(element)
        elif element.name == "face" and element.lists and element.lists[0] in CORNERS:
            faces = source.polygons(element)
            if len(element.properties) > 1:
                notes.append("what its faces have besides corners is not kept")
        elif element.count:
            notes.append(f"its {element.name} elements are not kept")
            break  # what comes behind is not read, as nobody knows where it begins
    return _shape(columns, faces, header.comments, tuple(notes))


def _shape(columns: dict[str, Array], faces: Array | None, comments: tuple[str, ...], notes: tuple[str, ...]) -> Shape:
    if not all(axis in columns for axis in "xyz") or len(columns["x"]) == 0:
        raise Damaged("it has no vertices")
    if faces is not None and len(faces) and not (faces.min() >= 0 and faces.max() < len(columns["x"])):
        raise Damaged("a face has a corner that is no vertex")
    points = np.stack([columns[axis] for axis in "xyz"], axis=1)
    points = points if points.dtype in (np.float32, np.float64) else points.astype(np.float64)
    taken = {"x", "y", "z"} | ({"nx", "ny", "nz"} if named_normals(columns) is not None else set())
    others = {name: values for name, values in columns.items() if name not in taken}
    return Shape(points, named_normals(columns), faces, others, "ply", comments, notes)


def _header(file: BinaryIO) -> Header:
    if file.readline(HEADER).strip() != b"ply":
        raise Damaged("it is no PLY")
    order, elements, comments = None, [], []
    for _ in range(LINES):
        words = file.readline(HEADER).decode("utf-8", "replace").split()
        match words:
            case ["end_header"]:
                if order is None:
                    break
                return Header(order, elements, tuple(comments))
            case ["format", name, "1.0"] if name in ORDERS:
                order = ORDERS[name]
            case ["comment" | "obj_info", *said]:
                comments.append(" ".join(said))
            case ["element", name, count] if count.isascii() and count.isdigit() and len(count) < 19:
                elements.append(Element(name, int(count), {}))
            case ["property", "list", length, kind, name] if elements and {length, kind} <= TYPES.keys():
                _add(elements[-1], name, TYPES[kind], TYPES[length])
            case ["property", kind, name] if elements and kind in TYPES:
                _add(elements[-1], name, TYPES[kind], None)
            case _:
                raise Damaged(f"its header has the line {' '.join(words)[:NAME]!r}")
    raise Damaged("its header has no end")


def _add(element: Element, name: str, kind: str, length: str | None) -> None:
    if name in element.properties or len(name) > NAME:
        raise Damaged(f"its header names {name[:NAME]!r} twice")
    element.properties[name] = kind, length


class _Text:
    """Numbers in text, one after another."""

    def __init__(self, rest: bytes) -> None:
        try:
            self.numbers = np.array(rest.split(), np.float64)
        except ValueError as error:
            raise Damaged("it holds what is no number") from error
        self.at = 0

    def _take(self, count: int) -> Array:
        if count > len(self.numbers) - self.at:
            raise Damaged("it is cut short")
        self.at += count
        return self.numbers[self.at - count : self.at]

    def table(self, element: Element) -> dict[str, Array]:
        width = len(element.properties)
        rows = self._take(element.count * width).reshape(element.count, width)
        kinds = [kind for kind, _ in element.properties.values()]
        return {name: rows[:, i].astype(kinds[i]) for i, name in enumerate(element.properties)}

    def polygons(self, element: Element) -> Array:
        before = list(element.properties).index(element.lists[0])
        after = len(element.properties) - before - 1
        if len(element.lists) > 1:
            raise Damaged("its faces have several lists")
        counts, corners = [], []
        for _ in range(element.count):  # as many as there are numbers at most
            self._take(before)
            count = _length(float(self._take(1)[0]))
            counts.append(count)
            corners.append(self._take(count))
            self._take(after)
        return _triangles(counts, corners)


class _Binary:
    """Numbers in bytes, one row after another."""

    def __init__(self, rest: bytes, order: str) -> None:
        self.rest, self.order, self.at = rest, order, 0

    def _take(self, kind: np.dtype[np.void], count: int) -> Array:
        if count * kind.itemsize > len(self.rest) - self.at:
            raise Damaged("it is cut short")
        found = np.frombuffer(self.rest, kind, count, self.at)
        self.at += count * kind.itemsize
        return found

    def _kind(self, element: Element, corners: int = 0) -> np.dtype[np.void]:
        fields: list[tuple[str, str] | tuple[str, str, tuple[int]]] = []
        for name, (kind, length) in element.properties.items():
            if length is None:
                fields.append((name, self.order + kind))
            else:
                fields += [(f"number of {name}", self.order + length), (name, self.order + kind, (corners,))]
        return np.dtype(fields)

    def table(self, element: Element) -> dict[str, Array]:
        rows = self._take(self._kind(element), element.count)
        return {name: rows[name].astype(kind) for name, (kind, _) in element.properties.items()}

    def polygons(self, element: Element) -> Array:
        (name, *others), start = element.lists, self.at
        if others:
            raise Damaged("its faces have several lists")
        alike = self._kind(element, 3)
        if element.count * alike.itemsize <= len(self.rest) - self.at:
            rows = self._take(alike, element.count)
            if (rows[f"number of {name}"] == 3).all():
                return rows[name].astype(np.int64).reshape(-1, 3)
        self.at = start
        counts, corners = [], []
        kinds: dict[int, np.dtype[np.void]] = {}
        for _ in range(element.count):  # each takes a byte at least
            at = self.at
            count = _length(float(self._take(self._kind(element, 0), 1)[f"number of {name}"][0]))
            self.at = at
            kind = kinds.setdefault(count, self._kind(element, count))
            counts.append(count)
            corners.append(self._take(kind, 1)[name][0])
        return _triangles(counts, corners)


def _length(count: float) -> int:
    if not (0 <= count < 2**31 and count == int(count)):
        raise Damaged("a face has an impossible number of corners")
    return int(count)


def _triangles(counts: list[int], corners: list[Array]) -> Array:
    joined = np.concatenate(corners) if corners else np.zeros(0)
    return fans(np.array(counts, np.int64), joined)


def write_ply(shape: Shape, path: Path) -> None:
    """Binary, little-endian; names of attributes are kept where they are one word."""
    columns = dict(zip("xyz", shape.points.T, strict=True))
    if shape.normals is not None:
        columns |= dict(zip(("nx", "ny", "nz"), shape.normals.T, strict=True))
    columns |= {"_".join(name.split()): values for name, values in shape.attributes.items()}
    kinds = [(name, _little(values)) for name, values in columns.items()]
    rows = np.empty(len(shape.points), np.dtype(kinds))
    for name, values in columns.items():
        rows[name] = values
    lines = ["ply", "format binary_little_endian 1.0", *(f"comment {one}" for one in shape.comments)]
    lines += [f"element vertex {len(rows)}", *(f"property {WORDS[kind[1:]]} {name}" for name, kind in kinds)]
    faces = None
    if shape.faces is not None:
        lines += [f"element face {len(shape.faces)}", "property list uchar int vertex_indices"]
        faces = np.empty(len(shape.faces), [("number", "u1"), ("corners", "<i4", (3,))])
        faces["number"], faces["corners"] = 3, shape.faces
    with path.open("wb") as file:
        file.write("\n".join([*lines, "end_header", ""]).encode("utf-8", "replace"))
        file.write(rows.tobytes())
        file.write(b"" if faces is None else faces.tobytes())


def _little(values: Array) -> str:
    """The type that PLY has for values: their own, or double where it has none."""
    kind = f"{values.dtype.kind}{values.dtype.itemsize}"
    return f"<{kind}" if kind in WORDS else "<f8"
