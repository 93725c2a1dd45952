"""The command line: `oneself denoise photo.png`. Light: torch and what reads pictures come in with the work itself."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: done. 1: the work, or one of several files, failed. 2: refused before the work began. 130: Ctrl-C.
    """
    from oneself.commands.app import run

    if arguments is None:  # the process is this command's own
        from oneself.commands.allocation import keep_memory

        keep_memory()
    return run(list(sys.argv[1:] if arguments is None else arguments))


if __name__ == "__main__":
    sys.exit(main())
