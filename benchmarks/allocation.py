"""Does keeping large tensors' memory pay? The same steps with glibc's own habits and with the command line's, in turn.

    python benchmarks/allocation.py --sides 256 512 1024

`own` is the time as glibc would have it, which gives every large block of memory back to the system and asks for it
again; `kept` as the command line sets it. Each is measured in a process of its own, alternating, and the shorter of
two taken.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from denoising import noisy
from measuring import pictures, report
from oneself import Run
from oneself.cli.allocation import keep_memory


@dataclass(frozen=True)
class Row:
    work: str
    side: int
    own: float
    kept: float
    ratio: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", nargs="+", type=int, default=[256, 1024])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = []
    for side in given.sides:
        found: dict[bool, list[dict[str, float]]] = {False: [], True: []}
        for kept in (False, True) * 2:
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
                found[kept].append(alone.submit(one, side, given.threads, kept).result())
        for work in found[True][0]:
            own, kept_ = (min(seconds[work] for seconds in found[kept]) for kept in (False, True))
            rows.append(Row(work, side, own, kept_, kept_ / own))
            print(rows[-1], flush=True)
    report(rows, "allocation", given.out, "Keeping memory between steps (seconds)")


def one(side: int, threads: int, kept: bool) -> dict[str, float]:
    torch.set_num_threads(threads)
    if kept:
        keep_memory()
    (truth,) = pictures(None, ["astronaut"], 256).values()
    y = F.interpolate(noisy(truth, "gaussian-25"), size=(side, side))
    return {"a step of dip": step(y), "the answer of zs_n2n": answer(y)}


def step(y: torch.Tensor, count: int = 4) -> float:
    run = Run("dip", y, device="cpu")
    next(run)
    began = time.monotonic()
    for _ in range(count):
        next(run)
    return (time.monotonic() - began) / count


def answer(y: torch.Tensor) -> float:
    run = Run("zs_n2n", y, device="cpu", steps=2)
    next(run)
    began = time.monotonic()
    _ = run.answer
    return time.monotonic() - began


if __name__ == "__main__":
    main()
