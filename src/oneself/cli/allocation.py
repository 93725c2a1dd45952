"""How the C library keeps memory in a process that is the command line's own. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import ctypes
import platform

__all__ = ["keep_memory"]

M_MMAP_MAX, M_TRIM_THRESHOLD = -4, -1  # malloc.h


def keep_memory() -> None:
    """Tell glibc not to hand large tensors' memory back to the system after every use, only to ask for it again.

    A tenth to a quarter of a step on 512² goes there (benchmarks/results/allocation.md). Other systems are left alone.
    It cannot be undone, as glibc does not tell what was set before, so the library leaves it to whoever owns the
    process: ``MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=2147483647`` in its environment does the same.
    """
    if platform.libc_ver()[0] == "glibc":
        with contextlib.suppress(OSError, AttributeError):
            library = ctypes.CDLL(None)
            library.mallopt(M_MMAP_MAX, 0)
            library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
