"""Paths that collide, loop, lead to devices, or have names that are hard to write down."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random

from hostility.arena import Room
from hostility.arguments import BASES
from hostility.judging import Played, see, standard
from hostility.stock import QUICK, TRAINED, Stock

__all__ = ["play"]

FAST = {"denoise": QUICK, "generate": ("--method", "sinfusion", *TRAINED["sinfusion"])} | dict.fromkeys(
    ("inpaint", "deblur", "super-resolve"), ("--method", "dip", "--steps", "2", "--width", "4"))  # fmt: skip
COMMANDS = ("denoise", "denoise", "denoise", "inpaint", "deblur", "super-resolve", "generate", "generate", "kernel",
            "correct",
            "info", "repeat", "edit", "enlarge", "animate", "calibrate", "demo")  # fmt: skip
ALONG = ("--preview", "--compare", "--checkpoint")
FLAGS = {
    "denoise": ALONG, "inpaint": (*ALONG, "--mask"), "deblur": (*ALONG, "--kernel"), "super-resolve": (*ALONG,
                                                                                                       "--kernel"),
    "generate": ("--model", "--checkpoint", "--clip"), "correct": ("--kernel",), "repeat": ("--output",),
    "edit": ("--mask",),
}  # fmt: skip
OUTPUTS = {"out.png", "found.npy", "again.png", "out.gif", "made/", "demo"}
INPUTS = {"desk/in.png", "desk/mask.png", "desk/kernel.npy", "desk/old.png.json"}
PATHS = OUTPUTS | {"in.png", "mask.png", "kernel.npy", "old.png.json", "singan.safetensors", "sinddm.safetensors"}
NAMES = ("", ".", "..", "/", "nosuch/", "nosuch/x.png", "in.png/", "in.png/x.png", "~", "*.png", "[a-z].png", "-",
         "--", "-x.png",
         ".png", ".x.png", "x", "x.xyz", "x.PNG", "x.png.json", "out.png.json", "in.png.json", "x y\n.png",
         "x" * 300 + ".png",
         "\udcff\udcfe.png", "ü☃.png", "\x1b[31m.png", "con.png", "/dev/null", "/dev/zero", "/dev/full", "/dev/stdin",
         "/dev/tty", "/proc/self/mem", "/proc/self/environ", "/proc/1/root/x.png", "/etc/passwd", "/x.png")  # fmt: skip


def play(stock: Stock, room: Room, random: Random, number: int) -> Played:
    """One command, one to two of whose paths are strange."""
    name = COMMANDS[number % len(COMMANDS)]
    stock.fill(
        room, "in.png", "mask.png", "kernel.npy", "old.png.json", "singan.safetensors", "sinddm.safetensors", "clip.npy"
    )
    given, written = [name, *BASES[name], *FAST.get(name, ())], set()
    feeders: list[int] = []
    for _ in range(random.choice((1, 1, 2))):
        strange = _strange(random, stock, room, feeders)
        given, writes = _placed(random, given, strange)
        written |= {f"desk/{os.path.normpath(strange)}"} if writes else set()
    overwrite = name not in ("info", "calibrate") and random.random() < 0.3
    given += ["--overwrite"] * overwrite
    given += ["--retrain"] * (name == "generate" and random.random() < 0.3)
    before = see(room)
    said = room.call(given, _short_demo)
    for feeder in feeders:
        os.kill(feeder, signal.SIGKILL)
        os.waitpid(feeder, 0)
    allowed = written & set(before) - INPUTS if overwrite else set()
    return Played(" ".join(map(repr, given)), said.code, standard(room, said, before, allowed), said.err)


def _placed(random: Random, given: list[str], strange: str) -> tuple[list[str], bool]:
    """The command with a strange path in the place of another, or behind a flag; whether it is one to write to."""
    places = [k for k, word in enumerate(given) if k and word in PATHS]
    name = given[0]
    if (name in FLAGS and random.random() < 0.5) or not places:
        flag = random.choice(FLAGS.get(name, ("--quiet",)))
        kept = [word for k, word in enumerate(given) if word != flag and given[k - 1] != flag]
        return [*kept, flag, strange], flag in ("--preview", "--compare", "--output")
    at = random.choice(places)
    return [*given[:at], strange, *given[at + 1 :]], given[at] in OUTPUTS


def _short_demo() -> None:
    from oneself.cli import demo

    demo.SECONDS = 0.5


def _strange(random: Random, stock: Stock, room: Room, feeders: list[int]) -> str:
    """A strange path; what makes it strange is put there."""
    if random.random() < 0.45:
        name = random.choice(NAMES)
        if random.random() < 0.3 and Path(name).name == name and name not in ("", ".", "..") and len(name) < 250:
            (room.work / name).write_bytes(stock["in.png"])
        return name
    return random.choice(MADE)(stock, room, feeders)


def _to_input(stock: Stock, room: Room, feeders: list[int]) -> str:
    return _link(room, "link.png", "in.png")


def _by_another_name(stock: Stock, room: Room, feeders: list[int]) -> str:
    return f"../desk/./../{room.work.name}/in.png"


def _whole_name(stock: Stock, room: Room, feeders: list[int]) -> str:
    return str(room.work / "in.png")


def _hard_link(stock: Stock, room: Room, feeders: list[int]) -> str:
    if not (room.work / "hard.png").exists():
        os.link(room.work / "in.png", room.work / "hard.png")
    return "hard.png"


def _loop(stock: Stock, room: Room, feeders: list[int]) -> str:
    return _link(room, "loop.png", "loop.png")


def _in_loop(stock: Stock, room: Room, feeders: list[int]) -> str:
    return f"{_link(room, 'round', 'round')}/x.png"


def _dangling(stock: Stock, room: Room, feeders: list[int]) -> str:
    return _link(room, "dangling.png", "nowhere/x.png")


def _to_be_made(stock: Stock, room: Room, feeders: list[int]) -> str:
    return _link(room, "future.png", "made-later.png")


def _to_folder(stock: Stock, room: Room, feeders: list[int]) -> str:
    return _link(room, "folder.png", ".")


def _to_device(stock: Stock, room: Room, feeders: list[int]) -> str:
    return _link(room, "null.png", "/dev/null")


def _folder(stock: Stock, room: Room, feeders: list[int]) -> str:
    (room.work / "named.png").mkdir(exist_ok=True)
    return "named.png"


def _shut_folder(stock: Stock, room: Room, feeders: list[int]) -> str:
    (room.work / "shut").mkdir(exist_ok=True)
    (room.work / "shut").chmod(0o500)
    return "shut/x.png"


def _shut_file(stock: Stock, room: Room, feeders: list[int]) -> str:
    room.put("secret.png", stock["in.png"]).chmod(0)
    return "secret.png"


def _read_only(stock: Stock, room: Room, feeders: list[int]) -> str:
    room.put("kept.png", stock["in.png"]).chmod(0o444)
    return "kept.png"


def _empty(stock: Stock, room: Room, feeders: list[int]) -> str:
    room.put("empty.png", b"")
    return "empty.png"


def _pipe(stock: Stock, room: Room, feeders: list[int]) -> str:
    """A pipe with a picture in it, for whoever reads."""
    path = room.work / "pipe.png"
    if not path.exists():
        os.mkfifo(path)
        feeders.append(_feed(path, stock["in.png"]))
    return "pipe.png"


def _feed(path: Path, content: bytes) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            path.write_bytes(content)
        finally:
            os._exit(0)
    return pid


def _of_itself(stock: Stock, room: Room, feeders: list[int]) -> str:
    """A folder of links to pictures, to itself and to nothing."""
    (room.work / "many").mkdir(exist_ok=True)
    for name, target in (
        ("a.png", "../in.png"),
        ("b", "."),
        ("c.png", "gone.png"),
        ("d.png", "d.png"),
        ("e.png", ".."),
    ):
        _link(room, f"many/{name}", target)
    return "many"


def _link(room: Room, name: str, target: str) -> str:
    if not (room.work / name).is_symlink():
        (room.work / name).symlink_to(target)
    return name


MADE: tuple[Callable[[Stock, Room, list[int]], str], ...] = (
    _to_input, _by_another_name, _whole_name, _hard_link, _loop, _in_loop, _dangling, _to_be_made, _to_folder,
    _to_device, _folder, _shut_folder, _shut_file, _read_only, _empty, _pipe, _of_itself,
)  # fmt: skip
