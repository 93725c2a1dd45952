"""Ctrl-C, an ended session and an ended terminal, at any time: also in the first moments of a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from random import Random

from hostility.arena import GRACE, LIMIT, Room, Said
from hostility.judging import Fault, Played, changed, leftovers, made, of_end, see
from hostility.scenarios import SCENARIOS, Scenario, again, often
from hostility.stock import Stock

__all__ = ["play"]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
KEEPING = ("denoise", "separate", "generate")  # commands that write the best so far
ANNOUNCED = "import os; os.write(9, b'.'); import sys; from oneself.cli import main; sys.exit(main())"
taken: dict[int, float] = {}  # seconds of each scenario, left alone


def play(stock: Stock, room: Room, random: Random, number: int) -> Played:
    """One signal, or two, at a random moment."""
    if number % 6 == 5:
        return _starting(stock, room, random, number)
    which = (number // 6 * 5 + number % 6) % len(SCENARIOS)
    scenario = _longer(SCENARIOS[which])
    seconds = _seconds(which, scenario, stock, room)
    scenario.prepare(stock, room)
    before = see(room)
    sort, twice = random.choice(SIGNALS), random.random() < 0.2
    moment = random.random() * seconds
    child = room.start(scenario.command, often if random.random() < 0.3 else None)
    if child.alive_after(moment):
        child.send(sort)
        if twice and child.alive_after(random.random() * 0.2):
            child.send(sort)
    said = child.wait(patience=GRACE)
    after = see(room)
    faults = of_end(said, signalled=sort)
    allowed = [f"desk/{name}" for name in scenario.replaces]
    faults += [Fault("lost", f"changed {name}") for name in changed(before, after, allowed)]
    faults += [Fault("lost", f"left {name}") for name in leftovers(before, after, done=said.code == 0)]
    if said.steps and not twice and scenario.command[0] in KEEPING:
        faults += _kept(scenario, said, before, after)
    faults += again(scenario, room)
    words = (
        f"{' '.join(scenario.command)}, {sort.name}{' twice' if twice else ''} after {moment:.2f} of {seconds:.2f} s"
    )
    return Played(words, said.code, faults, said.err)


def _longer(scenario: Scenario) -> Scenario:
    """With more steps to be interrupted in."""
    command = list(scenario.command)
    if "--steps" in command:
        command[command.index("--steps") + 1] = "12"
    return replace(scenario, command=tuple(command))


def _seconds(which: int, scenario: Scenario, stock: Stock, room: Room) -> float:
    if which not in taken:
        other = Room(room.root.with_name("timing"))
        scenario.prepare(stock, other)
        taken[which] = other.call(scenario.command, often).seconds
        other.remove()
    return taken[which]


def _kept(scenario: Scenario, said: Said, before: dict[str, str], after: dict[str, str]) -> list[Fault]:
    """What was learned before the signal came is there: the result, the best so far, a checkpoint or a model."""
    new = [
        name
        for name in (*made(before, after), *(f"desk/{n}" for n in scenario.replaces))
        if after.get(name) != before.get(name)
    ]
    return [] if new else [Fault("lost", f"nothing is kept of {said.steps} steps")]


def _starting(stock: Stock, room: Room, random: Random, number: int) -> Played:
    """A process of its own, in its first moments."""
    scenario = SCENARIOS[0]
    scenario.prepare(stock, room)
    before = see(room)
    sort, moment = random.choice(SIGNALS), random.choice((0.02, 0.1, 0.3, 1.0, 3.0)) * random.random()
    read, write = os.pipe()
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-c", f"import os; os.dup2({write}, 9); {ANNOUNCED}", *scenario.command], cwd=room.work,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, pass_fds=(write,), text=True,
    )  # fmt: skip
    os.close(write)
    os.read(read, 1)
    os.close(read)
    time.sleep(moment)
    child.send_signal(sort)
    hung = False
    try:
        out, err = child.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        hung = True
        child.kill()
        out, err = child.communicate()
    code = child.returncode
    said = Said(
        scenario.command, None if code < 0 else code, max(0, -code), hung, out, err, time.monotonic() - began, 0.0, 0, 0
    )
    faults = of_end(said, signalled=sort)
    faults += [Fault("lost", f"changed {name}") for name in changed(before, see(room))]
    faults += [Fault("lost", f"left {name}") for name in leftovers(before, see(room))]
    words = f"{' '.join(scenario.command)}, a process, {sort.name} after {moment:.3f} s"
    return Played(words, said.code, faults, said.err)
