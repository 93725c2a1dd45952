"""Every method on a GPU: whether it runs there, gives the same twice, goes on from a checkpoint, as on the CPU.

    python benchmarks/devices.py --device cuda --out benchmarks/results

Small problems, as the contract of ``oneself.testing`` makes them, of every task of a method and every number of
dimensions, at its quick setting. ``again`` and ``resumed``: the root mean square difference between two runs of one
seed, and between a whole run and one that was broken off, saved, and gone on with. ``from_cpu``: that from what the
CPU gives. A run's random numbers belong to its device, so of methods that draw some the two answers differ as those of
two seeds do on the CPU: ``of_seeds``. All are relative to the spread of the CPU's answer.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

import oneself
from measuring import report
from oneself.core import Run
from oneself.testing import Case, cases
from oneself.testing.cases import SIGMA

TOLD = ("dip_sgld", "p_gsure")


@dataclass(frozen=True)
class Row:
    """A method on one problem; ``nan`` where answers differ in size, as meshes do."""

    case: str
    again: float
    resumed: float
    from_cpu: float
    of_seeds: float
    seconds: float
    seconds_cpu: float
    note: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--methods", nargs="*", default=[], help="keys; all by default")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for the table")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows = []
    for method in oneself.methods():
        if not given.methods or method.key in given.methods:
            for case in cases(method):
                rows.append(_measured(case, given.device))
                print(rows[-1], flush=True)
                report(rows, "devices", given.out, "Every method on a GPU", quiet=True)  # a run that is cut leaves it


def _measured(case: Case, device: str) -> Row:
    try:
        began = time.perf_counter()
        here, other = (_values(case, _run(case, "cpu", seed).finish().answer) for seed in (0, 1))
        middle = time.perf_counter()
        there = _values(case, _run(case, device, 0).finish().answer)
        end = time.perf_counter()
        again = _values(case, _run(case, device, 0).finish().answer)
        resumed = _values(case, _resumed(case, device))
    except Exception as error:  # a method that breaks is what is looked for
        return Row(str(case), *[float("nan")] * 6, note=f"{type(error).__name__}: {error}"[:200])
    spread = float(here.std()) or 1.0
    return Row(
        str(case),
        _apart(there, again) / spread,
        _apart(there, resumed) / spread,
        _apart(there, here) / spread,
        _apart(other, here) / spread,
        end - middle,
        (middle - began) / 2,
    )


def _run(case: Case, device: str, seed: int) -> Run:
    """A run of the case; its level is told where a measurement with holes does not tell it."""
    method = case.method
    wanted = {**case.options, **({"sigma": SIGMA} if method.key in TOLD else {})}
    beside = {**method.resolve_options({}, method.gpu_preset if device == "cuda" else None), **wanted}
    counting = {record.name for record in method.options if record.option.counts(beside)}
    options = {name: value for name, value in wanted.items() if name in counting}
    return Run(method, case.y, case.physics, seed=seed, device=device, **options)


def _resumed(case: Case, device: str) -> Any:
    run = _run(case, device, 0)
    for taken, _ in enumerate(run, 1):
        if taken == 3:
            break
    with TemporaryDirectory() as folder:
        run.save(Path(folder) / "checkpoint")
        going_on = _run(case, device, 0)
        going_on.load(Path(folder) / "checkpoint")
    return going_on.finish().answer


def _values(case: Case, answer: Any) -> np.ndarray[Any, Any]:
    arrays = case.method.answers.arrays(answer)
    return np.concatenate([np.ravel(array).astype(np.float64) for array in arrays.values() if array.dtype.kind == "f"])


def _apart(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    return float(np.sqrt(np.square(one - other).mean())) if one.shape == other.shape else float("nan")


if __name__ == "__main__":
    main()
