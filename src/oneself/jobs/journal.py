"""The hidden file beside a record that is yet to be written: what a call has made, in case it is killed."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from oneself import io
from oneself.io.temporary import gone, owner, sweep, temporary
from oneself.jobs.aids import digest
from oneself.jobs.records import as_text

__all__ = ["Journal", "finish_killed", "json_in", "records_of", "same_work"]

FORMAT = "oneself-pending-1"
BEGINNING = ".oneself-pending-"
NAME = re.compile(re.escape(BEGINNING) + r"([0-9a-f]{8}-\d+-\d+)-[0-9a-f]{12}")
MOST = 2**26  # bytes of a journal that is read
WORK = ("format", "task", "input", "aids", "asked")  # what two records of the same work have in common

Record = dict[str, Any]
_open: set[Path] = set()  # those of this process that are in use


class Journal:
    """What a call has made so far, and at last its record.

    Attributes
    ----------
    files : mapping of str to list of str
        Files of this call, and of killed ones that would have written the same record: the SHA-256 that each may have.
    """

    def __init__(self, side: Path) -> None:
        self._side = side.resolve()
        key = hashlib.sha256(os.fsencode(self._side.name)).hexdigest()[:12]
        self.path = self._side.with_name(f"{BEGINNING}{owner()}-{key}")
        self.files: dict[str, list[str]] = {}
        self._last: str | None = None
        self._record: Record | None = None
        self._is_written = False
        self._left: list[Path] = []
        for path, found in _left_in(self._side.parent):
            if found["side"] == self._side.name:
                self._left.append(path)
                for name, hashes in found["files"].items():
                    self.files.setdefault(name, []).extend(hashes)

    def open(self) -> None:
        _open.add(self.path)

    def close(self, forget: bool, all_of_them: bool) -> None:
        """The call ends: forget this journal, and those of killed calls before it; it is forgotten, too, where nothing
        is left of what it tells."""
        _open.discard(self.path)
        forget = forget or not any(_is_there(path, self.files) for path in self.files)
        for path in [self.path] * forget + self._left * all_of_them:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def note(self, path: str, sha: str) -> None:
        """A file will appear, or have this content from now on."""
        self.files.setdefault(path, []).append(sha)

    def forget(self, path: str) -> None:
        """A file is not where the same call would write it: it is the user's now."""
        self.files.pop(path, None)

    def conclude(self, last: str, record: Record) -> None:
        """The last file is about to appear; this is the record."""
        self._last, self._record = last, record

    def holds_record(self) -> bool:
        """Whether the record is on disk, here."""
        return self._is_written and self.path.is_file()

    def has(self, path: Path) -> bool:
        """Whether a file is as this call or a killed one has left it; of a folder, whether all its pictures are."""
        if path.is_dir():
            inside = io.find_images(path)
            return bool(inside) and all(self.has(one) for one in inside)
        return path.is_file() and _is_there(str(path.resolve()), self.files)

    def write(self) -> None:
        """Put what is noted on disk. Raises ``OSError`` where that cannot be."""
        files = {path: hashes[-2:] for path, hashes in self.files.items()}  # a kill leaves the one before, or this one
        found = {"format": FORMAT, "side": self._side.name, "files": files, "last": self._last, "record": self._record}
        hidden = temporary(self.path)
        try:
            hidden.write_text(as_text(found), encoding="utf-8")
            os.replace(hidden, self.path)
        finally:
            with suppress(OSError):
                hidden.unlink(missing_ok=True)
        self._is_written = self._record is not None


def finish_killed(folder: Path) -> dict[Path, Record]:
    """Finish what killed calls have left in a folder: write the records of files that are whole, forget the rest.

    Returns the records of what is whole, by their place.
    """
    sweep(folder)
    finished: dict[Path, Record] = {}
    for path, found in _left_in(folder):
        side, record, last = folder / found["side"], found["record"], found["last"]
        whole = record is not None and last in found["files"] and _has(last, found["files"][last][-1:])
        with suppress(OSError):  # it stays as it is, for another time
            if whole and _may_be_written(side, found["files"][last][-1]):
                io.write_text_atomic(side, as_text(record), overwrite=True)
            if whole and side.exists():
                finished[side] = record
            if whole or not any(_is_there(name, found["files"]) for name in found["files"]):
                path.unlink(missing_ok=True)
    return finished


def _may_be_written(side: Path, sha: str) -> bool:
    """Whether there is no record, or one of ours that is of an earlier file."""
    if not os.path.lexists(side):
        return True
    found = json_in(side)
    earlier = isinstance(found, dict) and str(found.get("format")).startswith("oneself-")
    return earlier and sha not in json.dumps(found)


def records_of(side: Path) -> Iterator[Record]:
    """What is told of a result: the record, and those in the journals of calls that are about to write it.

    The journals are read first: a call writes the record before it forgets its journal.
    """
    journals = [found["record"] for _, found in _journals(side.resolve().parent, side.name)]
    for found in (*journals, json_in(side)):
        if isinstance(found, dict):
            yield found


def same_work(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two records are of the same work on the same input."""
    if "asked" in one:
        return all(one.get(name) == other.get(name) for name in WORK)
    return one.get("command") is not None and one.get("command") == other.get("command")


def _left_in(folder: Path) -> Iterator[tuple[Path, Record]]:
    """The journals of calls that have ended without closing them."""
    for path, found in _journals(folder):
        name = NAME.fullmatch(path.name)
        if name and path not in _open and (name[1] == owner() or gone(name[1], path)):
            yield path, found


def _journals(folder: Path, side: str | None = None) -> Iterator[tuple[Path, Record]]:
    with suppress(OSError):
        for path in [one for one in folder.resolve().iterdir() if one.name.startswith(BEGINNING)]:
            found = json_in(path)
            if _is_sound(found) and side in (None, found["side"]):
                yield path, found


def _is_sound(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and found.get("format") == FORMAT
        and isinstance(found.get("side"), str)
        and Path(found["side"]).name == found["side"]
        and isinstance(found.get("files"), dict)
        and all(isinstance(hashes, list) and hashes for hashes in found["files"].values())
        and isinstance(found.get("record"), dict | None)
        and isinstance(found.get("last"), str | None)
    )


def json_in(path: Path) -> Any:
    """What a file holds; None where it holds no JSON, or more than any record."""
    try:
        if not path.is_file() or path.stat().st_size > MOST:
            return None
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _is_there(path: str, files: Mapping[str, list[str]]) -> bool:
    return _has(path, files.get(path, []))


def _has(path: str, hashes: list[str]) -> bool:
    with suppress(OSError, ValueError):
        return bool(hashes) and Path(path).is_file() and digest(Path(path)) in hashes
    return False
