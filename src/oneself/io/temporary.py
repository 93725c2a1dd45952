"""Names of files in the making: hidden, and telling whose they are, so that those of a killed run are swept."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
import re
import shutil
import time
import uuid
from pathlib import Path

from .paths import extension

OLD = 7 * 24 * 3600.0  # seconds after which a file of another machine is taken for left behind
_NAME = re.compile(r"\.{1,2}oneself-([0-9a-f]{8}-\d+-\d+)-[0-9a-f]{8}(\..*)?")  # two dots: made by an encoder


def temporary(target: Path) -> Path:
    """A name beside a file, for what will replace it when it is whole."""
    return target.with_name(f".oneself-{owner()}-{uuid.uuid4().hex[:8]}{extension(target)}")


def sweep(folder: Path) -> None:
    """Remove what killed runs have left in a folder; what cannot be removed stays."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _NAME.fullmatch(entry.name)
            if found and gone(found[1], Path(entry.path)):
                with contextlib.suppress(OSError):
                    shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)


def owner() -> str:
    """This process: its machine, its number, and when it started, since numbers are given again."""
    return f"{_machine()}-{os.getpid()}-{_started(os.getpid()) or 0}"


def gone(name: str, path: Path) -> bool:
    """Whether a process (as ``owner`` names it) has ended; one of another machine has where its file is a week old."""
    machine, pid, started = name.split("-")
    if machine != _machine() or os.name == "nt":  # there, asking for a process could end it
        with contextlib.suppress(OSError):
            return time.time() - path.stat().st_mtime > OLD
        return False
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        pass  # there, and another user's
    return _started(int(pid)) not in (None, int(started))


@functools.cache
def _machine() -> str:
    """The host and the space in which processes are counted, as one word."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return hashlib.sha256(f"{platform.node()} {space}".encode()).hexdigest()[:8]


def _started(pid: int) -> int | None:
    """When a process started, in the system's ticks; None where that cannot be told."""
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes()
        return int(told.rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
