"""The deep image prior: what its stopping rule returns, beside the best it passed and the last it reached.

    python benchmarks/dip.py --side 128 --configurations small small:smoothing=0.0 published-network
    python benchmarks/dip.py --data PATH/cset9 --images kodim03.png --side 256 --configurations small published-network

`small` is the default; `published-network` has the paper's 128 channels and its optimiser and is stopped by the same
rule; either may be followed by :name=value,… . `returned` is what a user gets; `best` (the running average of the
outputs at its best step, an oracle that saw the truth) and `last` are for comparison only. The noise is Gaussian, by
numpy's generator, seed 0, not clipped.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from denoising import noisy, resolve
from measuring import pictures, quality, report
from oneself import Run

CONFIGURATIONS = {"small": {}, "published-network": {"width": 128, "optimiser": "adam", "steps": 5000}}


@dataclass(frozen=True)
class Row:
    picture: str
    noise: str
    configuration: str
    returned: float
    ssim: float
    best: float
    last: float
    best_step: int
    stop_step: int
    seconds: float


def main() -> None:
    given = arguments()
    torch.set_num_threads(given.threads)
    rows: list[Row] = []
    for picture, truth in pictures(given.data, given.images, given.side).items():
        for noise in given.noise:
            for configuration in given.configurations:
                rows.append(watched(configuration, picture, noise, truth))
                print(rows[-1], flush=True)
    report([*rows, *means(rows)], given.name, given.out, given.title)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--images", nargs="*", default=[])
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--noise", nargs="*", default=["gaussian-25"])
    parser.add_argument("--configurations", nargs="+", default=["small"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="dip")
    parser.add_argument("--title", default="The deep image prior and where it stops")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def watched(configuration: str, picture: str, noise: str, truth: Tensor) -> Row:
    name, _, more = configuration.partition(":")
    settings = {**CONFIGURATIONS[name], **(resolve(f"dip:{more}", truth)[1] if more else {})}
    y = noisy(truth, noise)
    run, mean, seen, busy = Run("dip", y, **settings), None, [], 0.0
    while True:
        began = time.monotonic()
        step = next(run, None)
        busy += time.monotonic() - began
        if step is None:
            break
        mean = step.output.clone() if mean is None else torch.lerp(mean, step.output, 0.01)
        seen.append(float(-10 * torch.log10((mean.clamp(0, 1) - truth).square().mean())))
    returned, ssim = quality(run.answer, truth)
    best = int(np.argmax(seen))
    return Row(picture, noise, configuration, returned, ssim, seen[best], seen[-1], best + 1, len(seen), busy)


def means(rows: list[Row]) -> list[Row]:
    found = []
    for noise, configuration in dict.fromkeys((row.noise, row.configuration) for row in rows):
        own = [row for row in rows if (row.noise, row.configuration) == (noise, configuration)]
        values = {
            c: float(np.mean([getattr(r, c) for r in own])) for c in ("returned", "ssim", "best", "last", "seconds")
        }
        steps = {c: round(np.mean([getattr(r, c) for r in own])) for c in ("best_step", "stop_step")}
        found.append(Row(f"mean of {len(own)}", noise, configuration, **values, **steps))
    return found if len(rows) > len(found) else []


if __name__ == "__main__":
    main()
