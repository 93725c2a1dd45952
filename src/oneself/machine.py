"""The memory that this machine can give."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

__all__ = ["free_memory"]

PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
# Of both versions of control groups: the limit, what is used, and what of that is cached files, given up at need.
LIMITS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def free_memory(proc: Path = PROC, groups: Path = GROUPS) -> float:
    """Bytes of main memory that this process can still take; infinite where the system does not tell.

    The least of what the machine has to spare (psutil), what each control group that the process is in (a container's,
    a job's, of either version, and those above it) leaves, and what ``ulimit -v`` leaves of the address space: of the
    last two psutil knows nothing. ``proc`` and ``groups`` are where Linux tells.
    """
    return max(0.0, min([float("inf"), *_free(), *_left_by_groups(proc, groups), *_left_of_addresses(proc)]))


def _free() -> Iterator[float]:
    import psutil

    with contextlib.suppress(OSError, RuntimeError):  # a sandbox may hide it
        yield float(psutil.virtual_memory().available)


def _left_by_groups(proc: Path, groups: Path) -> Iterator[float]:
    for folder in _folders(proc, groups):
        for limit, used, cached in LIMITS:
            with contextlib.suppress(OSError, ValueError):  # "max": no limit
                left = int((folder / limit).read_text()) - int((folder / used).read_text())
                yield float(left + _given_up(folder, cached))


def _given_up(folder: Path, cached: str) -> int:
    try:
        return _numbers(folder / "memory.stat").get(cached, 0)
    except (OSError, ValueError):
        return 0


def _folders(proc: Path, groups: Path) -> set[Path]:
    """Where the groups of this process and those above them tell; a container may see its own as the topmost."""
    found = {groups, groups / "memory"}
    with contextlib.suppress(OSError, ValueError):
        for line in (proc / "self" / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            tops = [groups, groups / "unified"] if not controllers else [groups / "memory"]
            for top in tops if controllers.split(",").count("memory") or not controllers else []:
                inner = top / path.strip("/")
                found |= {folder for folder in (inner, *inner.parents) if folder.is_relative_to(top)}
    return found


def _left_of_addresses(proc: Path) -> Iterator[float]:
    with contextlib.suppress(ImportError, OSError, ValueError, IndexError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            pages = int((proc / "self" / "statm").read_text().split()[0])
            yield float(limit - pages * resource.getpagesize())


def _numbers(path: Path) -> dict[str, int]:
    """Names and numbers, a line each."""
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0].rstrip(":"): int(row[1]) for row in rows if len(row) > 1}
