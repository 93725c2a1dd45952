"""Files appear whole or not at all; and a result whose place has no room is saved elsewhere rather than lost."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

Encode = Callable[[Path], None]


class SavedAside(OSError):  # it says what happened to the result, which is the news
    """Writing failed, but the result was saved at `path`."""

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path


def check_target(path: Path, overwrite: bool = False) -> None:
    """Refuse, before any work, an output that could not be written.

    Raises FileExistsError, IsADirectoryError, FileNotFoundError (no such folder), NotADirectoryError or
    PermissionError.
    """
    folder = path.parent
    if path.is_dir():
        raise IsADirectoryError(
            f"write(path={str(path)!r}): this is a folder. Name a file in it, or end it with a slash."
        )
    if path.exists() and not overwrite:
        raise FileExistsError(
            f"write(path={str(path)!r}): the file exists. Choose another name, or pass overwrite=True / --overwrite."
        )
    if not folder.exists():
        raise FileNotFoundError(f"write(path={str(path)!r}): there is no folder {str(folder)!r}. Create it first.")
    if not folder.is_dir():
        raise NotADirectoryError(
            f"write(path={str(path)!r}): {str(folder)!r} is a file, not a folder. Choose another place."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(
            f"write(path={str(path)!r}): no permission to write in {str(folder)!r}. Choose another folder."
        )


def save(path: Path, encode: Encode, *, overwrite: bool = False, aside: Iterable[tuple[str, Encode]] = ()) -> Path:
    """Write a file atomically: `encode` fills a hidden one in the same folder, which is flushed to disk and renamed.

    If that fails (a full disk) the hidden file goes, and each (suffix, encode) of `aside` is tried in the system's
    temporary folder until one succeeds.

    Raises what `check_target` raises; `SavedAside` if the result is elsewhere; OSError if it could be saved nowhere.
    """
    check_target(path, overwrite)
    try:
        _replace(path, encode, overwrite)
    except FileExistsError:
        raise
    except OSError as error:
        _save_aside(path, error, aside)
    return path


def write_text_atomic(path: str | Path, text: str, overwrite: bool = False) -> Path:
    """Write UTF-8 text atomically. Raises as `save` does; there is no second place for text."""

    def encode(temporary: Path) -> None:
        temporary.write_text(text, encoding="utf-8", newline="\n")

    return save(Path(path), encode, overwrite=overwrite)


def _replace(path: Path, encode: Encode, overwrite: bool) -> None:
    target = path.resolve()  # a link stays a link
    temporary = target.with_name(f".{uuid.uuid4().hex[:8]}-{target.name}")
    try:
        encode(temporary)
        _flush(temporary)
        if overwrite and target.exists():
            shutil.copymode(target, temporary)
        elif path.exists():
            raise FileExistsError(
                f"write(path={str(path)!r}): the file appeared meanwhile. Choose another name, or pass overwrite=True."
            )
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _save_aside(path: Path, error: OSError, aside: Iterable[tuple[str, Encode]]) -> None:
    failures = [f"{error.strerror or error}"]
    stem = path.name.split(".")[0] or "result"
    for suffix, encode in aside:
        place = Path(tempfile.gettempdir()) / f"oneself-{stem}-{uuid.uuid4().hex[:8]}{suffix}"
        try:
            encode(place)
            _flush(place)
        except OSError as failure:
            place.unlink(missing_ok=True)
            failures.append(f"{place}: {failure.strerror or failure}")
            continue
        raise SavedAside(
            f"write(path={str(path)!r}): {failures[0]}. The result is saved in {place}; move it from there.", place
        ) from error
    reasons = "; ".join(failures)
    raise OSError(
        error.errno, f"write(path={str(path)!r}): could not be written ({reasons}). Free some space, then try again."
    ) from error
