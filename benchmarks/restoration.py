"""Inpainting, super-resolution and deblurring by the methods for any linear operator, beside trivial answers.

    python benchmarks/restoration.py --side 128 --methods dip deep_red self2self zssr

Every task is made from a true picture with numpy's generator, seed 0: `inpaint-50` half the elements missing at random
(all channels together), `super-resolve-2` antialiased cubic shrinking, `deblur` a 9×9 Gaussian blur of width 1.6 with
noise of 2/255 (what lies beyond the border is unknown). `trivial` is the measurement filled with local means, cubic
interpolation, or the blurred picture itself. A method is left out of tasks that it does not do.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from measuring import Row, pictures, quality, report
from oneself import Run
from oneself.physics import Resize, enlarge
from oneself.problems import Problem, deblurring, inpainting, super_resolution
from oneself.registry import find


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--images", nargs="*", default=[])
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--methods", nargs="+", default=["dip"])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="restoration")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows = []
    for name, truth in pictures(given.data, given.images, given.side).items():
        for task in given.tasks:
            for row in measured(task, name, truth, given.methods):
                print(row, flush=True)
                rows.append(row)
    report(rows, given.name, given.out, "Restoration by the general methods")


def measured(task: str, name: str, truth: Tensor, methods: list[str]) -> list[Row]:
    problem, trivial, shown = TASKS[task](truth)
    rows = [Row(name, task, "trivial", *quality(trivial, shown), 0, 0.0, 0.0, 0.0)]
    for method in methods:
        if problem.task in find(method).tasks:
            began = time.monotonic()
            result = Run(method, problem.y, problem.physics, device="cpu").finish()
            seconds = time.monotonic() - began
            scores = quality(problem.finish(result.image), shown)
            rows.append(Row(name, task, method, *scores, result.steps, 0.0, seconds, 0.0, result.stopped_by))
    return rows


def missing_half(truth: Tensor) -> tuple[Problem, Tensor, Tensor]:
    missing = torch.from_numpy(np.random.default_rng(0).random(truth.shape[2:]) < 0.5)
    known = (~missing).float()[None, None]
    window = torch.ones(1, 1, 5, 5)
    count = F.conv2d(known, window, padding=2).clamp(min=1)
    means = torch.cat([F.conv2d(c * known, window, padding=2) for c in truth.split(1, 1)], 1) / count
    return inpainting(truth, missing), truth * known + means * (1 - known), truth


def shrunk(truth: Tensor) -> tuple[Problem, Tensor, Tensor]:
    y = Resize(2).A(truth)
    return super_resolution(y, 2), enlarge(y, tuple(truth.shape[2:])), truth


def blurred(truth: Tensor) -> tuple[Problem, Tensor, Tensor]:
    line = torch.exp(-((torch.arange(9) - 4.0) ** 2) / (2 * 1.6**2))
    kernel = line[:, None] * line[None] / line.sum() ** 2
    clean = deblurring(truth, kernel).physics.A(truth)
    y = clean + torch.from_numpy(np.random.default_rng(0).standard_normal(clean.shape)).float() * 2 / 255
    return deblurring(y, kernel), y, truth[..., 4:-4, 4:-4]


TASKS: dict[str, Callable[[Tensor], tuple[Problem, Tensor, Tensor]]] = {
    "inpaint-50": missing_half,
    "super-resolve-2": shrunk,
    "deblur": blurred,
}

if __name__ == "__main__":
    main()
