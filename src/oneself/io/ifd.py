"""Image file directories: the tagged structure that TIFF files and EXIF blocks share, byte for byte.

TIFF 6.0 section 2 (Adobe, 1992); BigTIFF design (AWare Systems); EXIF 2.32 section 4.6.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

# bytes per value, and the unit in which byte order applies, by field type
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_UNITS = {**SIZES, 5: 4, 10: 4}
_INTEGERS = {1: "u1", 3: "u2", 4: "u4", 6: "i1", 8: "i2", 9: "i4", 13: "u4", 16: "u8", 17: "i8", 18: "u8"}
EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965
NESTED = frozenset({EXIF, GPS, INTEROPERABILITY})
DEEPEST = 2  # directories around the innermost: a page, its EXIF, and interoperability in that
SHARED = 4  # how often, on average, each byte of a file may be pointed to: pages share profiles and words


class Layout(NamedTuple):
    """How directories are laid out: byte order ("<" or ">") and whether offsets have eight bytes (BigTIFF)."""

    order: str
    big: bool = False

    @property
    def pointer(self) -> str:
        return self.order + ("Q" if self.big else "I")

    @property
    def counter(self) -> str:
        return self.order + ("Q" if self.big else "H")

    @property
    def width(self) -> int:
        return 8 if self.big else 4

    @property
    def steps(self) -> tuple[int, int]:
        """The bytes of a table's count, and of each of its rows."""
        return (8, 20) if self.big else (2, 12)


@dataclass(frozen=True)
class Entry:
    """One tag: its code, field type and value bytes, or the tags of the directory it points to."""

    code: int
    kind: int
    raw: bytes
    children: tuple[Entry, ...] | None = None

    def integers(self, order: str) -> tuple[int, ...]:
        """The values as integers (empty for types that are not)."""
        kind = _INTEGERS.get(self.kind)
        return () if kind is None or not self.raw else tuple(int(v) for v in np.frombuffer(self.raw, order + kind))

    def fractions(self, order: str) -> tuple[Fraction, ...]:
        """The values of a rational tag; a zero denominator leaves them out."""
        parts = np.frombuffer(self.raw, order + "u4").tolist() if self.kind == 5 and self.raw else []
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return tuple(Fraction(n, d) for n, d in pairs if d)

    def swapped(self) -> Entry:
        """The same tag in the other byte order."""
        if self.children is not None:
            return Entry(self.code, self.kind, self.raw, tuple(child.swapped() for child in self.children))
        if not self.raw:
            return self
        return Entry(self.code, self.kind, np.frombuffer(self.raw, f"u{_UNITS[self.kind]}").byteswap().tobytes())


def short(code: int, value: int, order: str) -> Entry:
    """A tag holding one 16-bit integer."""
    return Entry(code, 3, struct.pack(order + "H", value))


def long(code: int, value: int, order: str) -> Entry:
    """A tag holding one 32-bit integer."""
    return Entry(code, 4, struct.pack(order + "I", value))


def rational(code: int, value: Fraction, order: str) -> Entry:
    """A tag holding one unsigned rational, rounded only where its parts need more than 32 bits."""
    limit = 2**32 - 1
    if value.numerator > limit or value.denominator > limit:
        value = value.limit_denominator(max(1, min(limit, int(limit / max(value, Fraction(1))))))
    return Entry(code, 5, struct.pack(order + "II", min(value.numerator, limit), value.denominator))


def text(code: int, value: str, order: str = "<") -> Entry:
    """A tag holding text (UTF-8, which is ASCII where the text is)."""
    return Entry(code, 2, value.encode() + b"\0")


def read_header(file: BinaryIO) -> tuple[Layout, int]:
    """The layout and the first directory's offset. ValueError if this is no TIFF structure, EOFError if cut off."""
    start = _at(file, 0, 4)
    layouts = {b"II*\0": ("<", False), b"MM\0*": (">", False), b"II+\0": ("<", True), b"MM\0+": (">", True)}
    if start not in layouts:
        raise ValueError("not a TIFF structure")
    layout = Layout(*layouts[start])
    where = 8 if layout.big else 4
    (first,) = struct.unpack(layout.pointer, _at(file, where, layout.width))
    return layout, first


def read_directory(file: BinaryIO, layout: Layout, offset: int) -> tuple[tuple[Entry, ...], int]:
    """The tags of the directory at `offset`, sub-directories of EXIF included, and the offset of the next (0: none).

    A sub-directory that cannot be read is left as an entry without children (`is_damaged`).

    Raises EOFError where the file ends before a table or a value does, ValueError where they take more than a file of
    this size can hold.
    """
    return _Reader(file, layout).directory(offset)


def directories(file: BinaryIO) -> Iterable[tuple[int, tuple[Entry, ...]]]:
    """(offset, tags) of every directory in the main chain. EOFError where the chain leaves the file."""
    layout, offset = read_header(file)
    reader, seen = _Reader(file, layout), set[int]()
    while offset and offset not in seen:
        seen.add(offset)
        entries, following = reader.directory(offset)
        yield offset, entries
        offset = following


def is_damaged(entry: Entry) -> bool:
    """Whether a tag points to a sub-directory that could not be read: cut off, or one that leads back to itself."""
    return entry.code in NESTED and entry.children is None


def any_damaged(entries: Iterable[Entry]) -> bool:
    """Whether there is such a tag among these, or in their sub-directories."""
    return any(is_damaged(entry) or any_damaged(entry.children or ()) for entry in entries)


class _Reader:
    """Directories of one file, which may point where they like, but to no more than the file could hold."""

    def __init__(self, file: BinaryIO, layout: Layout) -> None:
        self.file, self.layout = file, layout
        self.size = file.seek(0, 2)
        self.left = SHARED * self.size + 2**20

    def directory(self, offset: int, above: tuple[int, ...] = ()) -> tuple[tuple[Entry, ...], int]:
        """The tags at `offset` and the offset that follows; `above` are the directories it is part of."""
        layout, (head, step) = self.layout, self.layout.steps
        (count,) = struct.unpack(layout.counter, self._at(offset, head))
        table = self._at(offset + head, count * step + layout.width)
        inner: set[int] = set()
        entries = (self._entry(table[i * step : (i + 1) * step], (*above, offset), inner) for i in range(count))
        (following,) = struct.unpack(layout.pointer, table[-layout.width :])
        return tuple(entry for entry in entries if entry is not None), following

    def _entry(self, row: bytes, above: tuple[int, ...], inner: set[int]) -> Entry | None:
        layout = self.layout
        code, kind, count = struct.unpack(layout.order + ("HHQ" if layout.big else "HHI"), row[: -layout.width])
        if kind not in SIZES:
            return None  # readers must skip types they do not know (TIFF 6.0, page 16)
        size, value = SIZES[kind] * count, row[-layout.width :]
        if code in NESTED:
            return self._nested(Entry(code, kind, value[:size]), above, inner)
        (offset,) = struct.unpack(layout.pointer, value)
        return Entry(code, kind, value[:size] if size <= layout.width else self._at(offset, size))

    def _nested(self, pointer: Entry, above: tuple[int, ...], inner: set[int]) -> Entry:
        offsets = pointer.integers(self.layout.order)
        if len(offsets) != 1 or offsets[0] in above or inner & {*offsets, -pointer.code} or len(above) > DEEPEST:
            return Entry(pointer.code, 4, b"")
        inner |= {offsets[0], -pointer.code}  # a second pointer of the kind, or to the place, has no meaning
        try:
            return Entry(pointer.code, 4, b"", self.directory(offsets[0], above)[0])
        except (ValueError, EOFError):
            return Entry(pointer.code, 4, b"")

    def _at(self, offset: int, size: int) -> bytes:
        if offset + size > self.size:
            raise EOFError(f"{size} bytes expected at offset {offset}, {max(0, self.size - offset)} there")
        self.left -= size
        if self.left < 0:
            raise ValueError("its tables of tags take more than the whole file")
        return _at(self.file, offset, size)


def pack(entries: Iterable[Entry], layout: Layout, start: int, following: int = 0) -> bytes:
    """The bytes of a directory that will stand at offset `start`, values and sub-directories behind its table.

    Damaged sub-directories are left out.
    """
    rows = sorted((entry for entry in entries if not is_damaged(entry)), key=lambda entry: entry.code)
    length = layout.steps[0] + len(rows) * layout.steps[1] + layout.width
    table, body = bytearray(struct.pack(layout.counter, len(rows))), bytearray()
    for entry in rows:
        kind, raw = entry.kind, entry.raw
        if entry.children is not None:
            place = start + length + len(body)
            kind = 16 if layout.big else 4  # LONG8, LONG: fewer readers know IFD8 and IFD
            raw = struct.pack(layout.pointer, place)
            body += pack(entry.children, layout, place)
        count = len(raw) // SIZES[kind]
        if len(raw) > layout.width:
            raw, value = struct.pack(layout.pointer, start + length + len(body)), raw
            body += value + b"\0" * (len(value) % 2)
        table += struct.pack(layout.order + ("HHQ" if layout.big else "HHI"), entry.code, kind, count)
        table += raw.ljust(layout.width, b"\0")
    return bytes(table + struct.pack(layout.pointer, following) + body)


def rewrite(path: Path, merge: Sequence[tuple[Entry, ...]], structural: frozenset[int]) -> None:
    """Give page i of a TIFF file the tags `merge[i]` and its own `structural` ones, in directories appended to it."""
    with path.open("r+b") as file:
        layout, offset = read_header(file)
        pointer = 8 if layout.big else 4
        for extra in merge:
            own, offset = read_directory(file, layout, offset)
            tags = {entry.code: entry for entry in extra} | {e.code: e for e in own if e.code in structural}
            start = file.seek(0, 2)
            start += start % 2
            file.seek(start)
            file.write(pack(tags.values(), layout, start, offset))
            file.seek(pointer)
            file.write(struct.pack(layout.pointer, start))
            pointer = start + layout.steps[0] + layout.steps[1] * sum(not is_damaged(e) for e in tags.values())


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    data = file.read(size)
    if len(data) != size:
        raise EOFError(f"{size} bytes expected at offset {offset}, {len(data)} there")
    return data
