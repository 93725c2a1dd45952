"""What a call writes: nothing that was there is lost, nothing that was made is, and a kill leaves no riddle.

The record is written after the result. Before the result appears, a hidden journal beside it says what it will be, with
the record; a call that finds the journal of a killed one finishes what is whole, and may replace what is not.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from oneself import io
from oneself.io.paths import extension
from oneself.jobs.aids import digest
from oneself.jobs.errors import DONE, FAILED, report
from oneself.jobs.journal import Journal, records_of, same_work
from oneself.jobs.places import Places
from oneself.jobs.records import as_text, file_record

__all__ = ["Keeping", "Record", "Way"]

Record = dict[str, Any]
Way = tuple[str, Callable[[Path], object]]  # how a name ends, and what writes it


class Keeping:
    """The files that one call writes: ``with Keeping(side, places, overwrite) as keeping``.

    Parameters
    ----------
    side : Path
        The record, by which a call that does the same again knows what this one has left.
    ours : mapping
        Files of an earlier call that may be replaced, by path: their SHA-256.

    Attributes
    ----------
    failures : list of OSError
        What was saved elsewhere (``io.SavedAside``) or nowhere (``io.NotSaved``).
    sibling : bool
        Another call made the last file meanwhile, and it was left as it is.
    """

    def __init__(self, side: Path, places: Places, overwrite: bool, ours: Mapping[str, str] | None = None) -> None:
        self.side, self.places, self.overwrite = side, places, overwrite
        self.failures: list[OSError] = []
        self._journal = Journal(side)
        for path, sha in (ours or {}).items():
            self._journal.note(path, sha)
        self._last: Path | None = None
        self._make: Callable[[Record], Record] = dict
        self.sibling = self._done = self._waits = False
        self._elsewhere: set[str] = set()
        self._full: dict[Path, OSError] = {}

    def __enter__(self) -> Keeping:
        self._journal.open()
        return self

    def __exit__(self, *exception: object) -> None:
        failed = isinstance(exception[1], Exception) and not self._waits
        self._journal.close(self._done or failed, all_of_them=self._done)
        if exception[0] is not None:  # which is what the call tells of otherwise
            self.report()

    def may_replace(self, path: Path) -> bool:
        """Whether a file that is there may be replaced: where that was asked for, or it is this call's own or a killed
        one's. Never one that is read."""
        return not self.places.is_read(path) and (self.overwrite or self._journal.has(path))

    def files(self) -> dict[str, str]:
        """The files that are this call's own so far, by their path: their SHA-256."""
        return {path: hashes[-1] for path, hashes in self._journal.files.items()}

    def announced(self) -> AbstractContextManager[None]:
        """Inside, files that are written are noted as this call's own before they appear."""
        return io.announced(self._announce)

    def picture_ways(self, picture: io.Picture, path: Path, quality: int | None = None) -> list[Way]:
        """How a picture is written to a path, and elsewhere."""

        def write(place: Path) -> None:
            io.write(picture, place, overwrite=self.may_replace(place), quality=quality)

        return [("", write), (extension(path), write), (".npy", partial(io.write, picture))]

    def clip_ways(self, clip: io.Picture, path: Path, rate: float = 10.0) -> list[Way]:
        """How a clip is written to a path, and elsewhere."""

        def write(place: Path) -> None:
            io.write_clip(clip, place, overwrite=self.may_replace(place), rate=rate)

        return [("", write), *[(ending, write) for ending in [path.suffix] if ending], (".npy", write)]

    def keep(self, path: Path, ways: Sequence[Way]) -> Record | None:
        """Write a file, elsewhere where it must be; the record of where it is, None where it could be saved nowhere."""
        try:
            return self._written(path, ways)
        except io.SavedAside as error:
            self._failed(path, error)
            return self._aside(error)
        except io.NotSaved as error:
            self._failed(path, error)
            return None

    def _failed(self, path: Path, failure: OSError) -> None:
        self.failures.append(failure)
        if _is_full(failure):
            self._full[path.parent] = failure

    def beside(self, path: Path, ways: Sequence[Way]) -> Record | None:
        """Write a file elsewhere, as another has its name; as ``keep``."""
        try:
            io.save_aside(path, FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)), ways[1:])
        except io.SavedAside as error:
            return self._aside(error)
        except io.NotSaved as error:
            self.failures.append(error)
            return None

    def deliver(self, path: Path, ways: Sequence[Way], make: Callable[[Record], Record]) -> tuple[Path, Record]:
        """Write the last file of a call, and the record beside it; where it is, and the record.

        ``make`` gives the record, of where the file is. A file that another call has made meanwhile, of the same and
        doing the same, is left, and its record returned.

        Raises
        ------
        io.NotSaved
            The file could be saved nowhere.
        """
        self._last, self._make = path, make
        side = self.side
        try:
            found = make(self._written(path, ways))
        except io.SavedAside as error:
            self._failed(path, error)
            path, side = error.path, io.side_path(error.path)
            found = make(self._aside(error))
        except Sibling as sibling:
            self._done = self.sibling = True
            return path, sibling.record
        written = self.keep(side, self._text_ways(as_text(found)))
        whole = side == self.side and written is not None and self.is_in_place(written)
        if side != self.side:
            self._journal.forget(str(side.resolve()))
        self._waits = not whole and self._journal.path.is_file()  # the same call may replace what is in its place
        self._done = not self._waits
        if written is None and self._journal.holds_record():
            self._note(f"The next call in that folder writes it; until then it is in {self._journal.path}.")
        return path, found

    def is_in_place(self, kept: Record) -> bool:
        """Whether a file is where it was to be."""
        return kept["path"] not in self._elsewhere

    def _aside(self, error: io.SavedAside) -> Record:
        found = file_record(error.path)
        self._elsewhere.add(found["path"])
        self._journal.forget(found["path"])
        return found

    def _note(self, words: str) -> None:
        """Add to what is told of the last failure."""
        error = self.failures.pop()
        self.failures.append(io.NotSaved(f"{error.strerror or error} {words}"))

    def report(self) -> int:
        """Tell what could not be written to its place; the exit code of a call that has done all else."""
        for failure in self.failures:
            report(failure)
        return FAILED if self.failures else DONE

    def _text_ways(self, text: str) -> list[Way]:
        def write(place: Path) -> None:
            io.write_text_atomic(place, text, overwrite=self.may_replace(place))

        return [("", write), (".json", write)]

    def _written(self, path: Path, ways: Sequence[Way]) -> Record:
        (_, write), *others = ways
        full = self._full.get(path.parent)
        if full is not None and not self._is_beside_what_moved(path):  # together, so that the same call begins anew
            io.save_aside(path, full, others)
        try:
            with self.announced():
                write(path)
        except io.SavedAside:
            raise
        except Exception as error:  # a folder that became a file, a file that appeared, and whatever encoders raise
            if isinstance(error, FileExistsError) and path == self._last:
                self._stop_for_sibling(path, error)
            io.save_aside(path, error, others)
        found = {"path": str(path.resolve())}
        return found if path.is_dir() else found | {"sha256": self._journal.files[found["path"]][-1]}

    def _announce(self, path: Path, hidden: Path) -> None:
        place, sha = str(path.resolve()), digest(hidden)
        self._journal.note(place, sha)
        if path == self._last:
            self._journal.conclude(place, self._make({"path": place, "sha256": sha}))
        try:
            self._journal.write()
        except OSError:  # the file is saved elsewhere, then: here the same call would not know it for its own
            if not self._is_beside_what_moved(path):
                raise

    def _is_beside_what_moved(self, path: Path) -> bool:
        """Whether it is the record of a file that was saved elsewhere."""
        return path.is_absolute() and str(path.resolve()) in {str(io.side_path(Path(one))) for one in self._elsewhere}

    def _stop_for_sibling(self, path: Path, error: FileExistsError) -> None:
        """Raise Sibling where the file that appeared is of another call that did the same."""
        mine = self._make({"path": str(path.resolve())})
        for theirs in records_of(self.side):
            if same_work(mine, theirs):
                raise Sibling(theirs) from error


def _is_full(failure: OSError) -> bool:
    """Whether a file was not written where it was to be for want of space."""
    cause = failure.__cause__ or failure
    return getattr(cause, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "os error 28" in str(cause)


class Sibling(Exception):
    """Another call has made the same file meanwhile."""

    def __init__(self, record: Record) -> None:
        super().__init__()
        self.record = record
