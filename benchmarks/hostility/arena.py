"""Runs the command line in forked children of a process that has already imported everything: bounded in time, memory
and rights, its standard streams captured, its steps counted."""

from __future__ import annotations

import importlib
import mmap
import os
import resource
import select
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

NOBODY = 65534  # children have no rights of root, as users do: /dev and the caller's files are safe from them
PATIENCE, LIMIT, GRACE = 12.0, 45.0, 25.0  # seconds: of a call that gets on, that stands still, after a signal
SPACE = 6 << 30  # bytes of addresses that a call may take more
INTERRUPTED = 130
STARTED_WRONG = 99  # exit code of a child whose command raised
LONG = {"animate", "extrapolate", "interpolate"}  # commands that tell no steps
Hook = Callable[[], None]


@dataclass(frozen=True)
class Said:
    """How one call ended: ``code`` is None where a signal ended it, ``ended_by`` that signal; ``hung`` where it had to
    be killed. ``taken`` is memory in bytes over what it began with."""

    arguments: tuple[str, ...]
    code: int | None
    ended_by: int
    hung: bool
    out: str
    err: str
    seconds: float
    taken: float
    steps: int
    finished: int


class Counters:
    """Steps taken, runs finished and bytes in memory at the start, shared between a child and its parent."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 24)

    def __getitem__(self, which: int) -> int:
        return int(struct.unpack_from("q", self._shared, 8 * which)[0])

    def add(self, which: int, count: int = 1) -> None:
        struct.pack_into("q", self._shared, 8 * which, self[which] + count)


class Child:
    """A call in progress."""

    def __init__(self, work: Path, arguments: Sequence[str], hook: Hook | None = None, space: int = SPACE) -> None:
        self.arguments, self.counters = tuple(arguments), Counters()
        outs = [os.pipe(), os.pipe()]
        sys.stdout.flush()
        sys.stderr.flush()
        self.began = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            _be(work, self.arguments, hook, [write for _, write in outs], self.counters, space)
        for _, write in outs:
            os.close(write)
        self._streams = [read for read, _ in outs]
        self._open = set(self._streams)
        self._said: dict[int, list[bytes]] = {read: [] for read in self._streams}
        self._handle = os.pidfd_open(self.pid)

    def send(self, number: int) -> None:
        signal.pidfd_send_signal(self._handle, number)

    def alive_after(self, seconds: float) -> bool:
        """Whether it still runs that much later; what it prints is read meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select([*self._open, self._handle], [], [], left)
            self._read(ready)
            if self._handle in ready:
                return False
        return True

    def wait(self, patience: float = PATIENCE) -> Said:
        """Its end; work that is asked to be long and gets on is ended as a person would, with Ctrl-C."""
        hung = False
        if self.alive_after(max(0.0, patience - (time.monotonic() - self.began))):
            if self.counters[0] or set(self.arguments[:1]) & LONG:
                self.send(signal.SIGINT)
                hung = self.alive_after(GRACE)
            else:
                hung = self.alive_after(LIMIT - patience)
        if hung:
            self.send(signal.SIGKILL)
        _, status, usage = os.wait4(self.pid, 0)
        seconds = time.monotonic() - self.began
        self._drain()
        code = os.waitstatus_to_exitcode(status)
        out, err = (b"".join(self._said[read]).decode(errors="replace") for read in self._streams)
        for handle in (*self._streams, self._handle):
            os.close(handle)
        if -code == signal.SIGXCPU:
            hung = True
        return Said(self.arguments, None if code < 0 else code, max(0, -code), hung, out, err, seconds,
                    max(0.0, usage.ru_maxrss * 1024.0 - self.counters[2]), self.counters[0],
                    self.counters[1])  # fmt: skip

    def _read(self, ready: Sequence[int]) -> None:
        for stream in self._open & set(ready):
            if not (got := os.read(stream, 1 << 16)):
                self._open.remove(stream)
            elif sum(map(len, self._said[stream])) < 1 << 22:
                self._said[stream].append(got)

    def _drain(self) -> None:
        for stream in self._streams:
            os.set_blocking(stream, False)
            try:
                while got := os.read(stream, 1 << 16):
                    self._said[stream].append(got)
            except BlockingIOError:
                pass


def _be(
    work: Path, arguments: tuple[str, ...], hook: Hook | None, outs: Sequence[int], counters: Counters, space: int
) -> None:
    """What a child does; it does not return."""
    code, begun = STARTED_WRONG, False
    try:
        null = os.open("/dev/null", os.O_RDONLY)
        for number, handle in enumerate((null, *outs)):
            os.dup2(handle, number)
        os.closerange(3, 256)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _confine(work, space)
        counters.add(2, _resident())
        _count(counters)
        if hook is not None:
            hook()
        from oneself.cli import main

        begun = True
        code = main(list(arguments))
    except SystemExit as wanted:
        code = wanted.code if isinstance(wanted.code, int) else STARTED_WRONG
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and not begun:
            code = INTERRUPTED  # Ctrl-C reached this child before the command line stood
        else:
            traceback.print_exc()
    finally:
        _leave(code)


def _leave(code: int) -> None:
    """End without the parent's own exit handlers."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        code = code or 1
    os._exit(code & 0xFF)


def _confine(work: Path, space: int) -> None:
    os.setsid()
    os.chdir(work)
    room = work.parent
    os.environ |= {"TMPDIR": str(room / "tmp"), "HOME": str(room / "home"), "COLUMNS": "200"}
    tempfile.tempdir = None
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(LIMIT), int(LIMIT) + 5))
    if space:
        addresses = _addresses() + space
        resource.setrlimit(resource.RLIMIT_AS, (addresses, addresses))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    os.umask(0o022)


def _count(counters: Counters) -> None:
    """Count steps and samples, and runs that came to their end."""
    from oneself.core import loop
    from oneself.generative.model import Model

    def counting(owner: type, name: str, which: int) -> None:
        inner = getattr(owner, name)

        def counted(*args: object, **settings: object) -> object:
            made = inner(*args, **settings)
            counters.add(which)
            return made

        setattr(owner, name, counted)

    counting(loop.Run, "__next__", 0)
    counting(loop.Run, "result", 1)
    counting(Model, "draw", 0)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _addresses() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


class Room:
    """A scratch folder: ``desk`` is where the command runs, ``tmp`` the system's temporary folder to it."""

    def __init__(self, root: Path) -> None:
        shutil.rmtree(root, ignore_errors=True)
        self.root, self.work, self.tmp = root, root / "desk", root / "tmp"
        for folder in (self.work, self.tmp, root / "home"):
            folder.mkdir(parents=True)
        self.give()

    def give(self) -> None:
        """All that is in it now belongs to whom the children are."""
        if os.geteuid() == 0:
            for folder, folders, files in os.walk(os.fsencode(self.root)):
                os.chown(folder, NOBODY, NOBODY)
                for name in (*folders, *files):
                    os.lchown(os.path.join(folder, name), NOBODY, NOBODY)

    def put(self, name: str, content: bytes | Path) -> Path:
        """A file in ``desk``."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
        return path

    def start(self, arguments: Sequence[str], hook: Hook | None = None, space: int = SPACE) -> Child:
        self.give()
        return Child(self.work, arguments, hook, space)

    def call(self, arguments: Sequence[str], hook: Hook | None = None, space: int = SPACE) -> Said:
        return self.start(arguments, hook, space).wait()

    def remove(self) -> None:
        shutil.rmtree(os.fsencode(self.root), ignore_errors=True)


def warm(scratch: Path, commands: Sequence[Sequence[str]]) -> None:
    """Import here, once, all that these commands import: a child runs them and tells. This process takes no step
    itself, since what torch starts for one does not outlive a fork."""
    torch.set_num_threads(1)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        _tell_imports(scratch, commands, write)
    os.close(write)
    with os.fdopen(read) as told:
        names = told.read().split("\n")
    os.waitpid(pid, 0)
    for name in names:
        if name not in sys.modules:
            try:
                importlib.import_module(name)
            except Exception:  # made on the way, not imported; children import what they need
                continue


def _tell_imports(scratch: Path, commands: Sequence[Sequence[str]], write: int) -> None:
    from oneself.cli import main

    null = os.open("/dev/null", os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.chdir(scratch)
    for command in commands:
        main(list(command))
    with os.fdopen(write, "w") as told:
        told.write("\n".join(sys.modules))
    os._exit(0)
