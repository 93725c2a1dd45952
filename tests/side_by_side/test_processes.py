"""A forked and a spawned process compute what this one computes."""

import subprocess
import sys
from pathlib import Path


def test_processes() -> None:
    """In a program of its own: this one may have threads, which Python warns of at a fork."""
    program = Path(__file__).with_name("processes.py")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "all alike\n"), done.stderr
