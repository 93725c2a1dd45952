"""What a call reads and what it writes: no file is both, and none is written twice, whatever it is called."""

from __future__ import annotations

import functools
import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path

__all__ = ["Places"]

Identity = tuple[int | str, ...]


class Places:
    """The files of a call.

    Files are told apart by what they are, not by their names: links, symbolic or hard, other ways to write a path, and
    other letter case where the file system ignores it lead to the same one.

    Parameters
    ----------
    task : str
        What an error names.
    reads : iterable of Path
        Files and folders that are read.
    writes : iterable of (str, Path)
        Files that are written, and what names them: ``"out"``, ``"--preview"``.

    Raises
    ------
    OSError
        A name that leads nowhere, as a link to itself.
    ValueError
        A file that is written is one that is read, or another that is written.
    """

    def __init__(self, task: str, reads: Iterable[Path] = (), writes: Iterable[tuple[str, Path]] = ()) -> None:
        self._reads = {_identity(path) for path in reads}
        self._writes: dict[Identity, str] = {}
        for name, path in writes:
            place = _identity(path)
            if place in self._reads:
                raise ValueError(f"{task}({name}={str(path)!r}): this is an input. Results never replace inputs.")
            if place in self._writes:
                raise ValueError(
                    f"{task}({name}={str(path)!r}): already written as {self._writes[place]}. Choose another name."
                )
            self._writes[place] = name

    def is_read(self, path: Path) -> bool:
        """Whether a file is one of those that are read."""
        return _identity(path) in self._reads

    def is_taken(self, path: Path) -> bool:
        """Whether a file is read, or one of those that are known to be written."""
        place = _identity(path)
        return place in self._reads or place in self._writes


def _identity(path: Path) -> Identity:
    """The same for all names of a file that exists; of one that does not, its folder's with its name."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        target = path.resolve()
        name = target.name
        if _ignores_case(target.parent):
            name = unicodedata.normalize("NFC", name).casefold()
        return (*_identity(target.parent), name)
    except OSError as error:
        raise type(error)(error.errno, f"oneself({str(path)!r}): {error.strerror}. Choose another name.") from error
    return found.st_dev, found.st_ino


@functools.lru_cache(maxsize=1024)
def _ignores_case(folder: Path) -> bool:
    """Whether a folder, or the one that it will be in, takes A for a: seen by the name of one thing that is there."""
    while not folder.is_dir():
        folder = folder.parent
    with os.scandir(folder) as entries:
        names = [Path(entry.path) for entry in entries if entry.name.swapcase() != entry.name][:1]
    for name in [*names, folder]:
        other = name.with_name(name.name.swapcase())
        if other.name != name.name:
            return other.exists() and other.samefile(name)
    return False
