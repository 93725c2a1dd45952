"""Pretrained denoisers plugged into other methods: as they came, and adapted to the picture.

    python benchmarks/plugging.py --weights FILE --data PATH --rows super-resolution --out benchmarks/results
    python benchmarks/plugging.py --start FILE --data PATH --rows start --name plugging-start

`--weights` is a colour denoiser that is told the noise level, such as the procedural FFDNet. `--data` holds `set5`.
Rows:

- `super-resolution`: each picture of Set5, blurred by a Gaussian of 1.6 samples (7 × 7, as of the paper of IDBP) and
  every third sample kept, without noise and with noise of 2/255, by `idbp`, `idbp_ia` and `zssr`, which are told the
  kernel, and `idbp` and `idbp_ia` the noise, too. dB of the luma, three pixels cut off each border.

- `start`: MZSR's start (`--start FILE`) on whole pictures of Set5 shrunk by two by cubic resampling, before any step;
  published 37.53 dB.
- `start-blurred`: the middles, blurred by a Gaussian of variance 2 and every second sample kept: `mzsr` from that start
  before and after ten steps, and `zssr` after ten.

Noise is of torch's generator, the picture's number as the seed. `--side` cuts the pictures to their middle. Settings
were tuned on Set14's monarch and comic, which no row is on.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from measuring import report
from oneself import Run
from oneself.operators import Downsample, Resize, displacement, enlarge
from oneself.operators.kernels import gaussian_kernel
from super_resolution import psnr, read

SCALE, NOISES = 3, (2.0, 0.0)
NONE = 1e-6 / 255  # a level that is none


@dataclass(frozen=True)
class Row:
    """One picture by one method, in dB."""

    rows: str
    picture: str
    size: str
    noise: str
    method: str
    psnr: float
    steps: int
    seconds: float
    note: str = ""


def middle(x: Tensor, side: int) -> Tensor:
    top, left = (max(0, (n - side) // 2) for n in x.shape[2:])
    return x[..., top : top + side, left : left + side]


def super_resolution(weights: Path, data: Path, side: int, names: list[str]) -> Iterator[Row]:
    operator = Downsample(SCALE, gaussian_kernel(7, 1.6), phase=1)
    paths = sorted(path for path in (data / "set5").iterdir() if not names or path.stem.removesuffix("_GT") in names)
    for noise in NOISES:
        for number, path in enumerate(paths):
            x = middle(read(path, float(SCALE), None), side)
            generator = torch.Generator().manual_seed(number)
            clean = operator.A(x)
            y = clean + noise / 255 * torch.randn(clean.shape, generator=generator)
            told: dict[str, Any] = {"weights": weights, "sigma": max(noise / 255, NONE)}
            picture, size = path.stem.removesuffix("_GT"), f"{x.shape[-1]}x{x.shape[-2]}"
            cubic = enlarge(y, x.shape[2:], shift=displacement(operator.A, y, (SCALE, SCALE)))
            yield Row("super-resolution", picture, size, f"{noise:g}", "cubic", psnr(cubic, x, SCALE), 0, 0.0)
            noisy = {"back_projections": 0} if noise else {}
            for method, options in (("zssr", noisy), ("idbp", told), ("idbp_ia", told)):
                result = Run(method, y, operator, device="cpu", **options).finish()
                steps, note = sum(stage.steps for stage in result.stages), ""
                if method == "idbp_ia" and "as it came" in result.notes[-1]:
                    note = "the denoiser as it came"
                db = psnr(result.image, x, SCALE)
                yield Row("super-resolution", picture, size, f"{noise:g}", method, db, steps, result.seconds, note)


def start(weights: Path, data: Path, side: int, names: list[str]) -> Iterator[Row]:
    """On whole pictures, cubic shrinking undone by the start as it is."""
    yield from tried("start", Resize(2), [("mzsr", {"weights": weights, "steps": 0})], data, 10**4, names)


def blurred_start(weights: Path, data: Path, side: int, names: list[str]) -> Iterator[Row]:
    """A blur that the start does not know."""
    operator = Downsample(2, gaussian_kernel(21, math.sqrt(2)))
    methods: list[tuple[str, dict[str, Any]]] = [
        ("mzsr", {"weights": weights, "steps": 0}),
        ("mzsr", {"weights": weights, "steps": 10}),
        ("zssr", {"steps": 10}),
    ]
    yield from tried("start-blurred", operator, methods, data, side, names)


def tried(
    rows: str, operator: Any, methods: list[tuple[str, dict[str, Any]]], data: Path, side: int, names: list[str]
) -> Iterator[Row]:
    for path in sorted((data / "set5").iterdir()):
        picture = path.stem.removesuffix("_GT")
        if names and picture not in names:
            continue
        x = middle(read(path, 2.0, None), side)
        y = (operator.A(x).clamp(0, 1) * 255).round() / 255
        for method, options in methods:
            result = Run(method, y, operator, device="cpu", **options).finish()
            steps, size = options["steps"], f"{x.shape[-1]}x{x.shape[-2]}"
            name = f"{method}, {steps} steps"
            yield Row(rows, picture, size, "0", name, psnr(result.image, x, 2), steps, result.seconds)


ROWS = {"super-resolution": super_resolution, "start": start, "start-blurred": blurred_start}


def means(rows: list[Row]) -> list[Row]:
    """Of each method at each noise, over the pictures that all of them have been measured on."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.rows, row.noise, row.method), []).append(row)
    made = []
    for (kind, noise, method), of in groups.items():
        counts = [len(others) for (k, n, _), others in groups.items() if (k, n) == (kind, noise)]
        of = of[: min(counts)]
        values = [float(np.mean([getattr(row, name) for row in of])) for name in ("psnr", "steps", "seconds")]
        made.append(Row(kind, f"mean of {len(of)}", "", noise, method, values[0], round(values[1]), values[2]))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help="a colour denoiser")
    parser.add_argument("--start", type=Path, help="MZSR's start")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--images", nargs="*", default=[], help="names of pictures; all by default")
    parser.add_argument("--side", type=int, default=10**4, help="of the middle of each picture that is used")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--name", default="plugging")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    title, rows = "Pretrained denoisers plugged into other methods", []
    for kind in given.rows:
        for row in ROWS[kind](
            given.start if kind.startswith("start") else given.weights, given.data, given.side, given.images
        ):
            rows.append(row)
            print(row, flush=True)
            report([*means(rows), *rows], given.name, given.out, title, quiet=True)
    report([*means(rows), *rows], given.name, given.out, title)


if __name__ == "__main__":
    main()
