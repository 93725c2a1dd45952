"""Files appear whole or not at all; and what could not be written to its place is saved elsewhere, not lost."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import NoReturn

from .paths import extension
from .temporary import sweep, temporary

MEMORY = Path("/dev/shm")  # a folder in memory, where the system has one
Encode = Callable[[Path], object]
Told = Callable[[Path, Path], None]
_told: ContextVar[Told | None] = ContextVar("told", default=None)
_aside: ContextVar[bool] = ContextVar("aside", default=False)  # whether what is written now has lost its place already


class NotSaved(OSError):
    """Work that is done could be written nowhere; `reason` is why not at its place."""

    worked = True  # it is no refusal
    reason = ""


class SavedAside(OSError):  # it says what happened to the result, which is the news
    """Writing failed, but the result was saved at `path`."""

    worked = True

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path


def check_target(path: Path, overwrite: bool = False) -> None:
    """Refuse, before any work, an output that could not be written.

    Raises FileExistsError, IsADirectoryError, FileNotFoundError (no such folder), NotADirectoryError, PermissionError,
    or OSError for a name that leads nowhere: too long, or a link to itself.
    """
    folder = _followed(path).parent
    if path.is_dir():
        raise IsADirectoryError(
            f"write(path={str(path)!r}): this is a folder. Name a file in it, or end it with a slash."
        )
    if path.exists() and not overwrite:
        raise FileExistsError(
            f"write(path={str(path)!r}): the file exists. Choose another name, or pass overwrite=True / --overwrite."
        )
    if path.exists() and not path.is_file():
        raise OSError(f"write(path={str(path)!r}): a device or pipe, not a file. Choose another name.")
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


def _followed(path: Path) -> Path:
    """Where a name leads. Raises OSError where that is nowhere."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise type(error)(error.errno, f"write(path={str(path)!r}): {error.strerror}. Choose another name.") from error
    return path.resolve() if path.is_symlink() else path


@contextmanager
def announced(tell: Told) -> Iterator[None]:
    """Inside, `tell(path, hidden)` is called for every file that is written, when it is whole but still hidden."""
    token = _told.set(tell)
    try:
        yield
    finally:
        _told.reset(token)


def save(path: Path, encode: Encode, *, overwrite: bool = False, aside: Iterable[tuple[str, Encode]] = ()) -> Path:
    """Write a file atomically: `encode` fills a hidden one in the same folder, which is flushed to disk and renamed.

    If that fails, whatever it raises, the hidden file goes, and `save_aside` saves it elsewhere.

    Raises what `check_target` raises, FileExistsError also where the file appears meanwhile; `SavedAside` if the
    result is elsewhere, `NotSaved` if it could be saved nowhere.
    """
    check_target(path, overwrite)
    sweep(path.resolve().parent)
    try:
        _replace(path, encode, overwrite)
    except FileExistsError:
        raise
    except Exception as error:  # encoders fail with exceptions of every kind
        if _aside.get():
            raise
        save_aside(path, error, aside)
    return path


def write_text_atomic(path: str | Path, text: str, overwrite: bool = False) -> Path:
    """Write UTF-8 text atomically; what has no UTF-8, as of names of files, as backslash and number.

    Raises as `save` does; there is no second place for text.
    """

    def encode(hidden: Path) -> None:
        hidden.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")

    return save(Path(path), encode, overwrite=overwrite)


def save_aside(path: Path, error: Exception, aside: Iterable[tuple[str, Encode]]) -> NoReturn:
    """Save elsewhere what could not be written at `path`: each (suffix, encode) of `aside` is tried until one succeeds.

    First beside `path`, where its folder is not to blame; then in the system's temporary folder, at home and in memory.

    Raises `SavedAside`, which says where it is; `NotSaved` if it could be saved nowhere. Never returns.
    """
    if isinstance(error, NotSaved | SavedAside) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # of a part
    aside, failures = list(aside), [_reason(error).removeprefix(f"write(path={str(path)!r}): ")]
    for start in _places(path, error):
        for suffix, encode in aside:
            place = start.with_name(f"{start.name}-{uuid.uuid4().hex[:8]}{suffix}")
            failure = _failure(place, encode)
            if failure is not None:
                failures.append(f"{start.parent}: {_reason(failure)}")
                continue
            raise SavedAside(
                f"write(path={str(path)!r}): {failures[0]}. The result is saved in {place}; move it from there.", place
            ) from error
    reasons = "; ".join(dict.fromkeys(failures))
    message = f"write(path={str(path)!r}): could not be written ({reasons}). Free some space, then try again."
    number = getattr(error, "errno", None)
    lost = NotSaved(message) if number is None else NotSaved(number, message)
    lost.reason = failures[0]
    raise lost from error


def _failure(place: Path, encode: Encode) -> Exception | None:
    """Write a file, of which nothing stays where that fails; why it failed."""
    token = _aside.set(True)
    try:
        encode(place)
        _flush(place)
    except Exception as failure:
        with suppress(OSError):
            place.unlink(missing_ok=True)
        return failure
    finally:
        _aside.reset(token)
    return None


def _replace(path: Path, encode: Encode, overwrite: bool) -> None:
    target = path.resolve()  # a link stays a link
    hidden = temporary(target)
    try:
        encode(hidden)
        _flush(hidden)
        if overwrite and target.exists():
            shutil.copymode(target, hidden)
        if (tell := _told.get()) is not None:
            tell(path, hidden)
        if overwrite:
            os.replace(hidden, target)
        else:
            _appear(hidden, target)
    finally:
        with suppress(OSError):
            hidden.unlink(missing_ok=True)


def _appear(hidden: Path, target: Path) -> None:
    """Give a file its name, where no other has it; a rename alone would replace one that has appeared meanwhile."""
    try:
        os.link(hidden, target)
    except FileExistsError:
        pass
    except OSError:  # no file has two names here
        if not os.path.lexists(target):
            os.replace(hidden, target)
            return
    else:
        return
    raise FileExistsError(
        f"write(path={str(target)!r}): the file appeared meanwhile. Choose another name, or pass overwrite=True."
    )


def _flush(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _reason(error: Exception) -> str:
    told = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return told.removesuffix(".")


def _places(path: Path, error: Exception) -> list[Path]:
    """How names begin that may take what `path` did not."""
    stem = path.name[: len(path.name) - len(extension(path))][:60] or "result"
    found: list[Path] = []
    if not isinstance(error, OSError) or isinstance(error, FileExistsError | IsADirectoryError):
        found.append(path.with_name(stem))
    for place in (tempfile.gettempdir, Path.home, lambda: MEMORY):
        with suppress(OSError, RuntimeError):  # there is none
            found += [folder / f"oneself-{stem}" for folder in [Path(place())] if folder.is_dir()]
    return found
