"""Does compiling the objective pay? Eager and compiled steps of the same method, in turn, in one process.

    python benchmarks/compiling.py --methods zs_n2n dip

`ratio` is the compiled step's time over the eager one's; `first` what compiling cost once, in seconds; `pays_after` the
steps after which the time is won back.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from denoising import noisy
from measuring import pictures, report
from oneself import Run


@dataclass(frozen=True)
class Row:
    method: str
    eager_ms: float
    compiled_ms: float
    ratio: float
    first: float
    pays_after: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=["zs_n2n", "dip"])
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    (truth,) = pictures(None, ["astronaut"], given.side).values()
    y = noisy(truth, "gaussian-25")
    report([one(m, y, given.steps) for m in given.methods], "compiling", given.out, "Eager against compiled steps")


def one(method: str, y: torch.Tensor, steps: int) -> Row:
    runs = {compiled: Run(method, y, compile=compiled) for compiled in (False, True)}
    began = time.monotonic()
    for _ in range(3):
        next(runs[True])
    first = time.monotonic() - began
    next(runs[False])
    spent: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(steps):
        for compiled, run in runs.items():
            began = time.monotonic()
            next(run)
            spent[compiled].append(time.monotonic() - began)
    eager, compiled = (float(np.median(spent[c])) for c in (False, True))
    after = f"{first / (eager - compiled):.0f} steps" if compiled < eager else "never"
    return Row(method, 1e3 * eager, 1e3 * compiled, compiled / eager, first, after)


if __name__ == "__main__":
    main()
