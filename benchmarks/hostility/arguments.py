"""Absurd values for every flag and option of every command, as typer and the registry tell them."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import typer

from hostility.arena import Room
from hostility.judging import Fault, Played, see, standard
from hostility.stock import Stock
from oneself.cli import app
from oneself.registry import methods

__all__ = ["BASES", "COMMANDS", "TASKS", "play"]

BASES: dict[str, tuple[str, ...]] = {  # what each command is given besides
    "denoise": ("in.png", "out.png"),
    "super-resolve": ("in.png", "out.png", "--scale", "2"),
    "inpaint": ("in.png", "out.png", "--mask", "mask.png"),
    "deblur": ("in.png", "out.png", "--kernel", "kernel.npy"),
    "separate": ("in.png", "out.png", "--task", "watermark", "--mask", "mask.png"),
    "dehaze": ("in.png", "out.png"),
    "generate": ("in.png", "made/", "-n", "1"),
    "kernel": ("in.png", "found.npy"),
    "correct": ("in.png", "out.png"),
    "calibrate": ("in.png", "--methods", "nonlocal_wiener"),
    "info": ("in.png",),
    "methods": (),
    "repeat": ("old.png.json", "--output", "again.png"),
    "demo": ("demo",),
    "edit": ("singan.safetensors", "in.png", "out.png", "--mask", "mask.png"),
    "harmonise": ("singan.safetensors", "in.png", "out.png", "--mask", "mask.png"),
    "paint": ("singan.safetensors", "in.png", "out.png"),
    "enlarge": ("sinddm.safetensors", "in.png", "out.png"),
    "animate": ("singan.safetensors", "out.gif", "--frames", "3"),
    "extrapolate": ("clip.safetensors", "out.gif", "--frames", "2"),
    "interpolate": ("clip.safetensors", "out.gif"),
}
TASKS = {"separate": "watermark"}  # where the registry's name of a command's task is another
COMMANDS = tuple(name for name in BASES if name != "demo")  # demo fetches nothing and takes nothing but a folder
SPACE = 3 << 29  # bytes that a call may take more, which it can know: RLIMIT_AS
NONE = ("nan", "inf", "-inf", "", " ")  # no value of any flag
HUGE = ("1e23", "1e308", "-1e308", "1e-320")
NOT = {
    "--device": ("cpu:99", "cuda:99", "meta", "mps", "gpu"),
    **dict.fromkeys(("--sigma", "--gain", "--data-range", "--rate"), HUGE),
}
NUMBERS = (*NONE, "0", "-1", "1", "2", "3", "1000", "1000000", "1000000000", "2147483648", "9223372036854775808",
           "1" + "0" * 400, "0.5", "1e-320", "1e-9", "1e23", "1e308", "-1e308", "1e999", "0x10", "1,5", "1_000", "١٢",
           "½",
           "none", "None", "true", "--", "-", "1;2", "2x2", "1e3")  # fmt: skip
TEXTS = (*NUMBERS, "auto", "estimate", "cpu", "cpu:99", "cuda:99", "cuda", "meta", "mps", "gpu", "float64", "YX", "YXC",
         "QQQQ", "yx", "ZYXCT" * 9, "../..", "/", "%s%n", "{}", "{0.__class__}", "$(touch pwned)", "a" * 5000, "\udcff",
         "\n", "[red]x[/red]", "[/]", "☃", "0 255", "255,0", "10,20,30", "1x1", "1x", "x", "99999x99999", "1.5x-2",
         "1e3x1e3", "0,0,8,8@0,0", "0,0,8,8@-1,-1", "8,8@", "in.png", "mask.png", "published", "keep", "restore",
         "circular", "unknown", "segment", "dehaze", "backward")  # fmt: skip


def play(stock: Stock, room: Room, random: Random, number: int) -> Played:
    """A sound command with one to three flags that are not."""
    command, absurd = _nonsense(random) if random.random() < 0.06 else _absurd(random, COMMANDS[number % len(COMMANDS)])
    stock.fill(room, "in.png", "mask.png", "kernel.npy", "old.png.json", "singan.safetensors", "sinddm.safetensors",
               "clip.safetensors", "second.png")  # fmt: skip
    before = see(room)
    said = room.call(command, space=SPACE)
    faults = standard(room, said, before)
    if said.code == 0:
        faults += [
            Fault("accepted", f"{flag} {value!r}") for flag, value in absurd if value in (*NONE, *NOT.get(flag, ()))
        ]
    return Played(" ".join(word if word.strip() else repr(word) for word in command)[:400], said.code, faults, said.err)


def _absurd(random: Random, name: str) -> tuple[list[str], list[tuple[str, str]]]:
    """A command, and the flags with their values that are not sound."""
    task = TASKS.get(name, name)
    fitting = [method.key for method in methods() if task in method.tasks]
    method = random.choice(fitting) if fitting and name != "kernel" and random.random() < 0.8 else None
    given = [name, *BASES[name]]
    known = _flags(name, method)
    if method is not None:
        given += ["--method", method]
    if "--seconds" in known:
        given += ["--seconds", "1"]
    if "--steps" in known:
        given += ["--steps", "2"]
    absurd = []
    for flag in random.sample(sorted(known), min(len(known), random.choice((1, 1, 1, 2, 3)))):
        kind = known[flag]
        if kind == "switch":
            given.append(flag)
            continue
        value = random.choice(TEXTS if kind == "text" else NUMBERS)
        given = _without(given, flag) + ([f"{flag}={value}"] if flag.startswith("--") else [flag, value])
        absurd.append((flag, value))
    if random.random() < 0.1:
        given.insert(random.randrange(1, len(given)), random.choice(TEXTS))
    return given, absurd


def _without(given: list[str], flag: str) -> list[str]:
    """A flag that is given twice counts once: the sound one goes."""
    if flag not in given:
        return given
    at = given.index(flag)
    return given[:at] + given[at + 2 :]


def _nonsense(random: Random) -> tuple[list[str], list[tuple[str, str]]]:
    """Words in any order."""
    words = (
        *COMMANDS,
        *TEXTS,
        "--help",
        "--version",
        "--method",
        "--method=",
        "--methd",
        "dip",
        "--seed",
        "--data-range",
        "--json",
    )
    return random.choices(words, k=random.choice((0, 1, 2, 5, 50))), []


@cache
def _flags(name: str, method: str | None) -> dict[str, str]:
    """The flags of a command, each with the kind of its value: number, text or switch."""
    chosen: Any = None if method is None else next(one for one in methods() if one.key == method)
    group: Any = typer.main.get_command(app._application([], chosen))
    found = {}
    for parameter in group.commands[name].params:
        flag = max(parameter.opts, key=len)
        if flag.startswith("-") and flag != "--help":
            numeric = parameter.metavar in ("NUMBER", "LEVEL", "S", "SHARE")
            found[flag] = "switch" if parameter.is_flag else "number" if numeric else "text"
    return found
