"""How much memory can be taken, by whatever sets a limit: the machine, a container, the process's own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import torch

__all__ = ["available_memory"]

PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
# Of the two versions of control groups: the limit, what is used, and what of that is cached files, given up at need.
LIMITS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def available_memory(device: torch.device, proc: Path = PROC, groups: Path = GROUPS) -> float:
    """Bytes that can be taken on a device now; infinite where the system does not tell.

    On the CPU the least of: what the machine has to spare, what each control group that the process is in (a
    container's, a job's, of either version, and those above it) leaves, and what ``ulimit -v`` leaves of the address
    space. ``proc`` and ``groups`` are where Linux tells.
    """
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    machine = [*_spare(proc)] or [*_physical()]
    return max(0.0, min([float("inf"), *machine, *_left_by_groups(proc, groups), *_left_of_addresses(proc)]))


def _spare(proc: Path) -> Iterator[float]:
    with contextlib.suppress(OSError, ValueError):
        yield 1024.0 * _fields(proc / "meminfo")["MemAvailable"]


def _physical() -> Iterator[float]:
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        yield float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def _left_by_groups(proc: Path, groups: Path) -> Iterator[float]:
    for folder in _folders(proc, groups):
        for limit, used, cached in LIMITS:
            with contextlib.suppress(OSError, ValueError):  # no limit reads "max"
                allowed, taken = int((folder / limit).read_text()), int((folder / used).read_text())
                yield float(allowed - taken + _given_up(folder, cached))


def _given_up(folder: Path, cached: str) -> int:
    try:
        return _fields(folder / "memory.stat").get(cached, 0)
    except (OSError, ValueError):
        return 0


def _folders(proc: Path, groups: Path) -> set[Path]:
    """Where the groups of this process and those above them tell; a container may see its own as the topmost."""
    found: set[Path] = set()
    with contextlib.suppress(OSError, ValueError):
        for line in (proc / "self" / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            for top in (groups, groups / "unified") if not controllers else (groups / "memory",):
                inner = top / path.strip("/")
                found |= {inner, *(above for above in inner.parents if above.is_relative_to(top))}
    return found


def _left_of_addresses(proc: Path) -> Iterator[float]:
    with contextlib.suppress(ImportError, OSError, ValueError, AttributeError, IndexError):
        import resource

        allowed = resource.getrlimit(resource.RLIMIT_AS)[0]
        if allowed != resource.RLIM_INFINITY:
            taken = int((proc / "self" / "statm").read_text().split()[0]) * resource.getpagesize()
            yield float(allowed - taken)


def _fields(path: Path) -> dict[str, int]:
    """Names and numbers, a line each."""
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0].rstrip(":"): int(row[1]) for row in rows if len(row) > 1}
