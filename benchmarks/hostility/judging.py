"""What is wrong with how a call ended, and with what it left behind."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image
from safetensors import safe_open

from hostility.arena import STARTED_WRONG, Room, Said

__all__ = [
    "Fault",
    "Played",
    "Seen",
    "changed",
    "leftovers",
    "made",
    "of_end",
    "of_result",
    "see",
    "standard",
    "unreadable",
]

MOST = 1 << 30  # bytes that a call may take more than its parent has
DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
CODES = (DONE, FAILED, REFUSED, INTERRUPTED, 129, 143)
PYTHON_SAYS = re.compile(
    "Traceback|unforeseen|object is not|object has no|not subscriptable|index out of range|unexpected keyword|"
    r"positional argument|invalid literal|codec can't|object cannot be|Error\(|NoneType|not enough values|"
    r"too many values|could not broadcast|unhashable|must be str|recursion|out of bounds for|cannot be interpreted|"
    r"error: \[Errno \d+\] [A-Z]"
)
DAMAGED = re.compile(r"(damaged|not a record)[\w' ]* \(.*\)")  # and in brackets what a format's own library said of it
JOURNAL = ".oneself-pending-"
RESULTS = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".npy", ".gif", ".safetensors"}
SILENT = {"methods", "info", "calibrate", "--help", "--version"}  # commands that write nothing


@dataclass(frozen=True)
class Fault:
    """``column`` of the table it counts in, and what was seen."""

    column: str
    words: str


@dataclass(frozen=True)
class Played:
    """A case that was played: what was done, the exit code (of the call that was harmed), and what is wrong."""

    words: str
    code: int | None
    faults: list[Fault]
    err: str = ""


Seen = dict[str, str]


def see(room: Room) -> Seen:
    """Every file of a room by its path, with what it is: changes show."""
    found: Seen = {}
    for folder, _, names in os.walk(os.fsencode(room.root)):
        for name in names:
            path = os.path.join(folder, name)
            found[os.fsdecode(os.path.relpath(path, os.fsencode(room.root)))] = _content(path)
    return found


def _content(path: bytes) -> str:
    about = os.lstat(path)
    if stat.S_ISLNK(about.st_mode):
        return f"link to {os.fsdecode(os.readlink(path))}"
    if not stat.S_ISREG(about.st_mode):
        return f"special {stat.S_IFMT(about.st_mode):o}"
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def made(before: Seen, after: Seen, asked: Collection[str] = ()) -> list[str]:
    """New files that show, or have a name that was asked for."""
    return sorted(name for name in after if name not in before and not _hidden(name, asked))


def leftovers(before: Seen, after: Seen, asked: Collection[str] = (), done: bool = True) -> list[str]:
    """New files that hide: of a call that has ended, rubbish. One that could not do all may leave its journal, by which
    the same command goes on, and clears it away."""
    hidden = sorted(name for name in after if name not in before and _hidden(name, asked))
    return [name for name in hidden if done or not Path(name).name.startswith(JOURNAL)]


def changed(before: Seen, after: Seen, allowed: Collection[str] = ()) -> list[str]:
    """Files that were there and are not, or are others."""
    return sorted(name for name in before if after.get(name) != before[name] and name not in allowed)


def _hidden(name: str, asked: Collection[str]) -> bool:
    own = Path(name).name
    return (own.startswith(".") or own.endswith(".part")) and not any(
        own.removesuffix(".json") in word for word in asked
    )


def of_end(said: Said, most: float = MOST, signalled: int = 0) -> list[Fault]:
    """What is wrong with the end of a call alone."""
    faults = []
    if said.hung:
        faults.append(Fault("hangs", f"ended by force after {said.seconds:.0f} s"))
    elif said.code is None and said.ended_by != signalled:
        faults.append(Fault("tracebacks", f"died of signal {said.ended_by}"))
    elif said.code == STARTED_WRONG or (said.code is not None and said.code not in CODES):
        faults.append(Fault("tracebacks", f"exit code {said.code}"))
    if found := PYTHON_SAYS.search(DAMAGED.sub("damaged", said.err)):
        faults.append(Fault("tracebacks", f"says {found.group()!r}"))
    elif said.code in (FAILED, REFUSED) and not said.err.strip():
        faults.append(Fault("tracebacks", f"exit code {said.code} without a word"))
    if said.taken > most:
        faults.append(Fault("memory", f"took {said.taken / 1e9:.2g} GB"))
    return faults


def of_result(room: Room, said: Said, before: Seen, after: Seen, allowed: Collection[str] = ()) -> list[Fault]:
    """What is wrong with what a call left: inputs, results, rubbish."""
    new = made(before, after, said.arguments)
    touched = [name for name in allowed if after.get(name) != before.get(name)]
    faults = [Fault("lost", f"changed {name}") for name in changed(before, after, allowed)]
    faults += [Fault("lost", f"left {name}") for name in leftovers(before, after, said.arguments, said.code == 0)]
    pictures = [name for name in (*new, *touched) if Path(name).name not in _states(said)]
    faults += [Fault("lost", f"unreadable {name}: {why}") for name, why in unreadable(room, pictures).items()]
    results = [name for name in (*new, *touched) if Path(name).suffix.lower() in RESULTS]
    if said.code == REFUSED and (said.finished or new):
        faults.append(Fault("lost", f"refused after {said.steps} steps; made {', '.join(new) or 'nothing'}"))
    elif said.finished and not results and _writes(said):
        faults.append(Fault("lost", "the work was done, and its result is nowhere"))
    if said.code == DONE and not new and not touched and _writes(said):
        faults.append(Fault("lost", "says done, and wrote nothing"))
    if said.code == DONE and "--json" in said.arguments and not _is_json(said.out):
        faults.append(Fault("tracebacks", "what --json printed is no JSON"))
    return faults


def standard(room: Room, said: Said, before: Seen, allowed: Collection[str] = ()) -> list[Fault]:
    """All that is asked of one call."""
    return [*of_end(said), *of_result(room, said, before, see(room), allowed)]


def _states(said: Said) -> set[str]:
    """Names of models and checkpoints, whatever they end in."""
    pairs = zip(said.arguments, said.arguments[1:], strict=False)
    return {Path(word).name for flag, word in pairs if flag in ("--model", "--checkpoint")}


def _writes(said: Said) -> bool:
    return bool(said.arguments) and not SILENT & set(said.arguments) and "skipped" not in said.err


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def unreadable(room: Room, names: Collection[str]) -> dict[str, str]:
    """Files that are not whole, and why."""
    found = {}
    for name in names:
        path = room.root / name
        try:
            if path.is_file() and not path.is_symlink():
                with warnings.catch_warnings(action="ignore"):
                    _open(path)
        except Exception as error:
            found[name] = repr(error)[:100]
    return found


def _open(path: Path) -> None:
    """Read a result with the formats' own libraries. Raises what they raise."""
    ending = path.suffix.lower()
    if ending == ".json":
        json.loads(path.read_text(encoding="utf-8"))
    elif ending == ".npy":
        np.load(path, allow_pickle=False)
    elif ending in (".tif", ".tiff"):
        tifffile.imread(path)
    elif ending in RESULTS - {".safetensors"}:
        with Image.open(path) as picture:
            picture.load()
    elif ending == ".safetensors":
        with safe_open(str(path), framework="np") as file:
            file.keys()
