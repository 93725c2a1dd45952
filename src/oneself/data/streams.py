"""Files that are written through Python alone, which notices that a disk is full."""

from __future__ import annotations

import io
from pathlib import Path

__all__ = ["Stream"]


class Stream(io.BufferedRandom):
    """A new file, to write and read.

    NumPy's ``tofile``, given a file's number, writes past Python and says nothing where the last few kilobytes found no
    room; so this one has none.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path, "w+"))

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")
