"""What this machine can give: read from the system, without any library."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["free_memory"]

GROUP = Path("/sys/fs/cgroup")
GROUPS = (  # most and current bytes that a container or a job may take: version 2, version 1
    (GROUP / "memory.max", GROUP / "memory.current"),
    (GROUP / "memory" / "memory.limit_in_bytes", GROUP / "memory" / "memory.usage_in_bytes"),
)


def free_memory() -> float:
    """Bytes of main memory that this process can still take; infinite where the system does not tell."""
    return min([*_free(), *_allowed(), float("inf")])


def _free() -> Iterator[float]:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        yield 1024.0 * int(next(line for line in lines if line.startswith("MemAvailable")).split()[1])
    except (OSError, ValueError, IndexError, StopIteration):
        if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
            yield float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def _allowed() -> Iterator[float]:
    """What the limits of a container or job, and of the process (``ulimit -v``), leave."""
    for most, current in GROUPS:
        with contextlib.suppress(OSError, ValueError):  # "max": no limit
            yield float(int(most.read_text()) - int(current.read_text()))
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            yield float(limit - pages * resource.getpagesize())
