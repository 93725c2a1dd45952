"""Hostile files, arguments, models, checkpoints, records, kills, signals, full disks and company, by the thousand.

    python benchmarks/hostile.py --cases 2500 --seed 0 --out benchmarks/results

Every case is one or a few calls of the command line on tiny pictures, in children of one process; it follows from the
seed, its kind and its number alone. Counted are

- `refused`: told in a line what is wrong, before any work, nothing written; `done`: exit code 0; `ended`: failed with
  a line, or ended by what was done to it (Ctrl-C, a kill);
- `tracebacks`: also crashes, and Python's own words in place of an explanation;
- `hangs`: no step within 45 s, or no end within 25 s of a Ctrl-C;
- `memory`: over 1 GB more than before;
- `accepted`: a value that is none (NaN, infinite, empty), taken in silence;
- `lost`: an input changed, finished work that is nowhere, half a file that shows, rubbish that stays, a refusal after
  the work, a command that cannot be given again.

Each failure is printed with the options that play it again alone: `--kinds KIND --only NUMBER --keep FOLDER`.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hostility import arguments, files, paths, signals, tampered, together, writing
from hostility.arena import Room, warm
from hostility.judging import Played
from hostility.stock import QUICK, TRAINED, Stock
from measuring import report

COLUMNS = ("tracebacks", "hangs", "memory", "accepted", "lost")
Play = Callable[[Stock, Room, random.Random, int], Played]
KINDS: dict[str, tuple[Play, int]] = {  # and how many of a hundred cases
    "files": (files.play, 25),
    "arguments": (arguments.play, 20),
    "paths": (paths.play, 8),
    "models": (tampered.play_models, 6),
    "checkpoints": (tampered.play_checkpoints, 7),
    "records": (tampered.play_records, 6),
    "kills": (writing.play_kills, 12),
    "full disk": (writing.play_full, 8),
    "signals": (signals.play, 3),
    "meanwhile": (together.play_meanwhile, 3),
    "together": (together.play, 2),
}
IN = "../desk/in.png"
WARMING: tuple[tuple[str, ...], ...] = (  # children have no right to read the interpreter's own files, perhaps
    ("denoise", IN, "a.png", *QUICK, "--preview", "p.png", "--checkpoint", "c"),
    ("denoise", IN, "b.tif", "--json"),
    ("inpaint", IN, "c.png", "--mask", "../desk/mask.png", "--method", "dip", "--steps", "2"),
    ("super-resolve", IN, "d.png", "--scale", "2", "--kernel", "estimate", "--method", "zssr", "--steps", "2"),
    ("separate", IN, "e.png", "--task", "watermark", "--steps", "2", "--method", "double_dip"),
    ("repeat", "a.png.json"),
    ("correct", IN, "f.png", "--kernel", "../desk/kernel.npy"),
    ("kernel", IN, "f.npy", "--method", "kernelgan", "--seconds", "1"),
    ("calibrate", IN, "--seconds", "1", "--methods", "nonlocal_wiener"),
    ("info", "../desk/in.jpg"),
    ("methods",),
    ("methods", "--json"),
    ("generate", IN, "g/", "--method", "singan", *TRAINED["singan"]),
    ("generate", "../desk/in.gif", "h/", "--method", "sinfusion", *TRAINED["sinfusion"]),
    ("animate", "g/in.safetensors", "i.gif", "--frames", "2"),
    ("denoise", "--help"),
    ("demo", "demo"),
    ("generate", IN, "j/", "--clip", "nowhere", "--text", "x", "--method", "sinddm"),
)


@dataclass(frozen=True)
class Row:
    """One kind of case."""

    kind: str
    tried: int
    refused: int
    done: int
    ended: int
    tracebacks: int
    hangs: int
    memory: int
    accepted: int
    lost: int
    seconds: float


def main() -> None:
    given = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the scratch folder goes
    root = Path(tempfile.mkdtemp(prefix="oneself-hostile-")) if given.keep is None else given.keep
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o755)
    try:
        stock = Stock(root / "stock")
        warm(stock.room.tmp, WARMING)
        stock.train()
        rows = _all(stock, root, given)
    finally:
        if given.keep is None:
            shutil.rmtree(root, ignore_errors=True)
    report(
        rows,
        "hostile",
        given.out,
        "Hostile files, arguments and circumstances: from tracebacks on, all counts should be 0",
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2500, help="of all kinds together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--minutes", type=float, default=60.0, help="at most, shared among the kinds")
    parser.add_argument("--only", type=int, nargs="+", help="the cases of these numbers alone")
    parser.add_argument("--keep", type=Path, help="a folder for the cases' files, which stay there")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def _all(stock: Stock, root: Path, given: argparse.Namespace) -> list[Row]:
    """Every kind; the time that one leaves is for those after it."""
    until, rows = time.monotonic() + 60 * given.minutes, []
    whole = left = sum(KINDS[kind][1] for kind in given.kinds)
    for kind in given.kinds:
        share = KINDS[kind][1]
        allowed = (until - time.monotonic()) * share / left
        rows.append(_kind(kind, given.only or range(round(given.cases * share / whole)), stock, root, given, allowed))
        left -= share
    return rows


def _kind(
    kind: str, numbers: Sequence[int], stock: Stock, root: Path, given: argparse.Namespace, allowed: float
) -> Row:
    """Play a kind's cases, and tell each failure."""
    play, began = KINDS[kind][0], time.monotonic()
    played: list[Played] = []
    for number in numbers:
        if time.monotonic() - began > allowed:
            print(f"{kind}: out of time after {len(played)} cases", flush=True)
            break
        room = Room(root / f"{kind}-{number}")
        one = play(stock, room, random.Random(f"{given.seed} {kind} {number}"), number)
        played.append(one)
        if one.faults or given.only:
            _tell(kind, number, given.seed, one)
        if given.keep is None:
            room.remove()
    return _row(kind, played, time.monotonic() - began)


def _tell(kind: str, number: int, seed: int, one: Played) -> None:
    print(f"--seed {seed} --kinds {kind} --only {number}: oneself {one.words}  [{one.code}]")
    for fault in one.faults:
        print(f"    {fault.column}: {fault.words}")
    for line in one.err.strip().splitlines()[-3:]:
        print(f"    | {line[:300]}")
    print(end="", flush=True)


def _row(kind: str, played: Sequence[Played], seconds: float) -> Row:
    codes = [one.code for one in played]
    counts = {column: sum(any(f.column == column for f in one.faults) for one in played) for column in COLUMNS}
    refused, done = codes.count(2), codes.count(0)
    return Row(kind, len(played), refused, done, len(played) - refused - done, **counts, seconds=seconds)


if __name__ == "__main__":
    main()
