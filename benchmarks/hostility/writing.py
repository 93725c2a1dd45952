"""Every point at which a call touches the disk: killed there, or out of space from there on."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from hostility.arena import Hook, Room, Said
from hostility.judging import Fault, Played, Seen, changed, leftovers, of_end, see, unreadable
from hostility.scenarios import SCENARIOS, Scenario, again, often
from hostility.stock import Stock

__all__ = ["play_full", "play_kills"]

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
TOUCHES = {
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.utime",
}
At = Callable[[str], None]
points: dict[int, int] = {}  # of each scenario: how often it touches the disk


def watch(inside: Path, at: At) -> None:
    """In a child: call ``at`` before each touch of a file in ``inside``, with what is done to it."""

    def hook(event: str, details: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = details
            if isinstance(path, str | bytes) and flags & WRITING and _within(path, inside):
                at("open")
        elif event in TOUCHES and isinstance(details[0], str | bytes) and _within(details[0], inside):
            at(event)

    def synced(handle: int) -> None:
        if _within(os.readlink(f"/proc/self/fd/{handle}"), inside):
            at("fsync")
        flush(handle)

    flush = os.fsync
    os.fsync = synced
    sys.addaudithook(hook)


def _within(path: str | bytes, inside: Path) -> bool:
    return Path(os.path.abspath(os.fsdecode(path))).is_relative_to(inside)


def _count(number: int, stock: Stock, room: Room) -> int:
    """How often the scenario touches the disk, found once."""
    if number not in points:
        scenario, other = SCENARIOS[number], Room(room.root.with_name("counting"))
        scenario.prepare(stock, other)

        def counting() -> None:
            often()
            touched: list[str] = []

            def at(what: str) -> None:
                touched.append(what)
                os.write(log, b".")

            log = os.open(other.tmp / "touched", os.O_CREAT | os.O_WRONLY)
            watch(other.root, at)

        said = other.call(scenario.command, counting)
        if said.code != 0:
            raise RuntimeError(f"the sound command {' '.join(scenario.command)} ended with {said.code}:\n{said.err}")
        points[number] = (other.tmp / "touched").stat().st_size
        other.remove()
    return points[number]


def play_kills(stock: Stock, room: Room, random: Random, number: int) -> Played:
    """Killed before the k-th touch of the disk, or in the middle of what is written after it."""
    which, point = _point(number, stock, room)
    scenario, touches, halfway = SCENARIOS[which], points[which], random.random() < 0.3
    scenario.prepare(stock, room)
    before = see(room)

    def killed() -> None:
        often()
        seen = [0]

        def at(what: str) -> None:
            seen[0] += 1
            if seen[0] == point + 1 and halfway and what == "open":
                signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
                resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40))
            elif seen[0] == point + 1:
                os.kill(os.getpid(), signal.SIGKILL)

        watch(room.root, at)

    said = room.call(scenario.command, killed)
    faults = of_end(said, signalled=signal.SIGXFSZ if said.ended_by == signal.SIGXFSZ else signal.SIGKILL)
    after = see(room)
    faults += [Fault("lost", f"changed {name}") for name in changed(before, after, _work(scenario.replaces))]
    gone = [name for name in _work(scenario.replaces) if name not in after]
    faults += [Fault("lost", f"neither old nor new: {name}") for name in gone]
    faults += again(scenario, room)
    how = "halfway through" if halfway else "before"
    return Played(
        f"{' '.join(scenario.command)}, killed {how} touch {point + 1} of {touches}", said.code, faults, said.err
    )


def _point(number: int, stock: Stock, room: Room) -> tuple[int, int]:
    """The scenario and the touch of a number: all of them have their turn before any has another."""
    every = [(which, touch) for which in range(len(SCENARIOS)) for touch in range(_count(which, stock, room))]
    return Random(0).sample(every, len(every))[number % len(every)]


def _work(names: tuple[str, ...]) -> list[str]:
    return [f"desk/{name}" for name in names]


def play_full(stock: Stock, room: Room, random: Random, number: int) -> Played:
    """A disk without space for the result, for anything, or streams that take nothing."""
    which = number % len(SCENARIOS)
    scenario = SCENARIOS[which]
    ways = (_refusing, _refusing, _small, _nowhere, _deaf)
    return ways[(number // len(SCENARIOS)) % len(ways)](stock, room, random, which, scenario)


def _refusing(stock: Stock, room: Room, random: Random, which: int, scenario: Scenario) -> Played:
    """From the k-th touch on,
    nothing more can be made in the folder of the work; the system's temporary one has space."""
    touches = _count(which, stock, room)
    point, once = random.randrange(touches), random.random() < 0.3
    kind = random.choice((errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES))
    scenario.prepare(stock, room)

    def full() -> None:
        often()
        seen = [0]

        def at(what: str) -> None:
            seen[0] += 1
            if what not in ("os.remove", "os.rmdir") and (seen[0] == point + 1 or (seen[0] > point and not once)):
                raise OSError(kind, os.strerror(kind))

        watch(room.work, at)

    told = f"{os.strerror(kind)} {'at' if once else 'from'} touch {point + 1} of {touches} {'' if once else 'on'}"
    return _judged(scenario, room, told, full)


def _small(stock: Stock, room: Room, random: Random, which: int, scenario: Scenario) -> Played:
    """A real disk that is too small, where we may mount one; a refusing one otherwise."""
    size = random.choice((0, 4, 8, 12, 16, 32, 64)) * 1024
    scenario.prepare(stock, room)
    needed = sum(-(-path.stat().st_size // 4096) * 4096 for path in room.work.rglob("*") if path.is_file())
    size += needed + 4096 * (4 + len(list(room.work.rglob("*"))))
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(room.work)], capture_output=True
        ).returncode
    ):
        return _refusing(stock, room, random, which, scenario)
    try:
        scenario.prepare(stock, room)
        return _judged(scenario, room, f"on a disk of {size} bytes", often, make_space=partial(_enlarge, room.work))
    finally:
        subprocess.run(["umount", str(room.work)], check=False)


def _enlarge(disk: Path) -> None:
    subprocess.run(["mount", "-o", f"remount,size={2**26}", str(disk)], check=True)


def _nowhere(stock: Stock, room: Room, random: Random, which: int, scenario: Scenario) -> Played:
    """No file may be longer than a few bytes: there is no place at all for the result."""
    most = random.choice((0, 1, 100, 1000, 2000))
    scenario.prepare(stock, room)

    def short() -> None:
        often()
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    return _judged(scenario, room, f"where files have at most {most} bytes", short, nowhere=True)


def _deaf(stock: Stock, room: Room, random: Random, which: int, scenario: Scenario) -> Played:
    """Standard error or output is full, closed, or a pipe that no one reads: the result is made all the same."""
    scenario.prepare(stock, room)
    handle, way = random.choice((1, 2, 2)), random.choice(("full", "closed", "unread"))

    def deaf() -> None:
        if way == "closed":
            os.close(handle)
        elif way == "full":
            os.dup2(os.open("/dev/full", os.O_WRONLY), handle)
        else:
            read, write = os.pipe()
            os.close(read)
            os.dup2(write, handle)

    before = see(room)
    said = room.call(scenario.command, deaf)
    after = see(room)
    faults = [
        fault for fault in of_end(said) if "without a word" not in fault.words and "exit code 120" not in fault.words
    ]
    missing = [name for name in scenario.results if f"desk/{name}" not in after]
    faults += [Fault("lost", f"there is no {', '.join(missing)}")] * bool(missing)
    faults += _left(scenario, room, said, before, after)
    return Played(f"{' '.join(scenario.command)}, stream {handle} {way}", said.code, faults, said.err)


def _judged(
    scenario: Scenario,
    room: Room,
    told: str,
    hook: Hook,
    nowhere: bool = False,
    make_space: Callable[[], object] = lambda: None,
) -> Played:
    before = see(room)
    said = room.call(scenario.command, hook)
    after = see(room)
    faults = [*of_end(said), *_left(scenario, room, said, before, after)]
    if not nowhere:
        faults += _result(scenario, said, before, after)
        make_space()
        faults += again(scenario, room) if said.code else []
    return Played(f"{' '.join(scenario.command)}, {told}", said.code, faults, said.err)


def _left(scenario: Scenario, room: Room, said: Said, before: Seen, after: Seen) -> list[Fault]:
    """Inputs changed, halves and rubbish."""
    faults = [Fault("lost", f"changed {name}") for name in changed(before, after, _work(scenario.replaces))]
    faults += [Fault("lost", f"no more {name}") for name in _work(scenario.replaces) if name not in after]
    faults += [Fault("lost", f"left {name}") for name in leftovers(before, after, done=said.code == 0)]
    faults += [
        Fault("lost", f"half a file shows, {name}: {why}") for name, why in unreadable(room, list(after)).items()
    ]
    return faults


def _result(scenario: Scenario, said: Said, before: Seen, after: Seen) -> list[Fault]:
    """The work that was done is somewhere: where it was meant to be, or aside."""
    ends = {Path(name).suffix for name in scenario.results if not name.endswith(".json")} | {".npy", ".safetensors"}
    there = [name for name in after if after[name] != before.get(name) and Path(name).suffix in ends]
    if said.finished and not there:
        return [Fault("lost", "the work was done, and its result is nowhere")]
    missing = [name for name in scenario.results if f"desk/{name}" not in after]
    return [Fault("lost", f"says done, without {', '.join(missing)}")] if said.code == 0 and missing else []
