"""The command line: `oneself denoise photo.png`. Light: torch and what reads pictures come in with the work itself."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # until main is called a Ctrl-C would show where it was: that is soon
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: done. 1: the work, one of several files, or a save failed, or what was asked for could not be printed. 2: refused
    before the work began. 130: ended by Ctrl-C, SIGTERM or SIGHUP.
    """
    try:
        from oneself.jobs.process import steady

        with steady() as output:
            from oneself.cli.app import run
            from oneself.jobs.errors import printed

            if arguments is None:  # the process is this command's own
                import os

                from oneself.cli.allocation import keep_memory

                keep_memory()
                os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")  # torch tells what mps lacks
            return printed(output, run(list(sys.argv[1:] if arguments is None else arguments)))
    except KeyboardInterrupt:  # before there was anything to keep
        print("interrupted", file=sys.stderr)
        return 130
