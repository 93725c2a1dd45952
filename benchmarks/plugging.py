"""Pretrained networks plugged into other methods, or adapted to the picture.

    python benchmarks/plugging.py --weights FILE --data PATH --rows super-resolution --out benchmarks/results
    python benchmarks/plugging.py --start FILE --data PATH --rows start --name plugging-start
    python benchmarks/plugging.py --data PATH --rows meta --name plugging-meta --out benchmarks/results

`--weights` is a colour denoiser that is told the noise level, such as the procedural FFDNet. `--data` holds `set5`.
Rows:

- `super-resolution`: each picture of Set5, blurred by a Gaussian of 1.6 samples (7 × 7, as of the paper of IDBP) and
  every third sample kept, without noise and with noise of 2/255, by `idbp`, `idbp_ia` and `zssr`, which are told the
  kernel, and `idbp` and `idbp_ia` the noise, too. dB of the luma, three pixels cut off each border.

- `start`: MZSR's public start (`--start FILE`) on whole pictures of Set5 shrunk by two by cubic resampling, before any
  step; published 37.53 dB.
- `meta`: pictures of Set5 shrunk by two, by cubic resampling, and blurred by a Gaussian of variance 2 (21 × 21) and
  every second sample kept, which all methods are told: `mzsr` after ten steps from the package's own start (or
  `--mzsr FILE`), `zssr` after ten steps and as it is, and cubic interpolation in its place. `projected`: moved least so
  that it explains the picture, which `zssr` does unless told not to. With `--mlsr FILE`, `mlsr` after five steps; with
  `--start`, `mzsr` from there, too.

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
from oneself.operators import Downsample, Resize, displacement, enlarge, project
from oneself.operators.kernels import gaussian_kernel
from super_resolution import psnr, read

SCALE, NOISES = 3, (2.0, 0.0)
NONE = 1e-6 / 255  # a level that is none
Tried = tuple[str, str, dict[str, Any]]  # what it is called, the method, its options


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


def super_resolution(given: argparse.Namespace) -> Iterator[Row]:
    operator = Downsample(SCALE, gaussian_kernel(7, 1.6), phase=1)
    for noise in NOISES:
        for number, path in enumerate(paths(given)):
            x = middle(read(path, float(SCALE), None), given.side)
            generator = torch.Generator().manual_seed(number)
            clean = operator.A(x)
            y = clean + noise / 255 * torch.randn(clean.shape, generator=generator)
            told: dict[str, Any] = {"weights": given.weights, "sigma": max(noise / 255, NONE)}
            picture, size = path.stem.removesuffix("_GT"), f"{x.shape[-1]}x{x.shape[-2]}"
            cubic = enlarge(y, x.shape[2:], shift=displacement(operator.A, y, (SCALE, SCALE)))
            yield Row("super-resolution", picture, size, f"{noise:g}", "cubic", psnr(cubic, x, SCALE), 0, 0.0)
            noisy = {"back_projections": 0} if noise else {}
            for method, options in (("zssr", noisy), ("idbp", told), ("idbp_ia", told)):
                result = Run(method, y, operator, device=given.device, **options).finish()
                steps, note = sum(stage.steps for stage in result.stages), ""
                if method == "idbp_ia" and "as it came" in result.notes[-1]:
                    note = "the denoiser as it came"
                db = psnr(result.image, x, SCALE)
                yield Row("super-resolution", picture, size, f"{noise:g}", method, db, steps, result.seconds, note)


def paths(given: argparse.Namespace) -> list[Path]:
    found = sorted((given.data / "set5").iterdir())
    return [path for path in found if not given.images or path.stem.removesuffix("_GT") in given.images]


def start(given: argparse.Namespace) -> Iterator[Row]:
    """Cubic shrinking undone by the start as it is."""
    methods: list[Tried] = [("mzsr, 0 steps", "mzsr", {"weights": given.start, "steps": 0})]
    yield from tried("start", "cubic", Resize(2), methods, given)


def meta(given: argparse.Namespace) -> Iterator[Row]:
    """A few steps from a start that was trained for them, beside ZSSR, which begins with nothing."""
    methods: list[Tried] = [
        ("mzsr, 10 steps", "mzsr", {"weights": given.mzsr, "steps": 10}),
        ("mzsr, 10 steps, projected", "mzsr", {"weights": given.mzsr, "steps": 10, "back_projections": 10}),
        ("zssr, 10 steps, not projected", "zssr", {"steps": 10, "back_projections": 0}),
        ("zssr, 10 steps", "zssr", {"steps": 10}),
        ("zssr, its own", "zssr", {}),
    ]
    if given.mlsr:
        methods.append(("mlsr, 5 steps", "mlsr", {"weights": given.mlsr, "steps": 5}))
    if given.start:
        methods.append(("mzsr, 10 steps, public start", "mzsr", {"weights": given.start, "steps": 10}))
    wanted = set(given.methods)
    methods = [one for one in methods if not wanted or wanted & {one[0], one[1]}]
    yield from tried("meta", "Gaussian", Downsample(2, gaussian_kernel(21, math.sqrt(2))), methods, given)
    yield from tried("meta", "cubic", Resize(2), methods, given)


def tried(rows: str, shrunk: str, operator: Any, methods: list[Tried], given: argparse.Namespace) -> Iterator[Row]:
    truths = {path.stem.removesuffix("_GT"): middle(read(path, 2.0, None), given.side) for path in paths(given)}
    made = {name: (operator.A(x).clamp(0, 1) * 255).round() / 255 for name, x in truths.items()}
    for name, x in truths.items():
        cubic = enlarge(made[name], x.shape[2:], displacement(operator.A, made[name], (2.0, 2.0)))
        yield Row(rows, name, size_of(x), "0", "cubic", psnr(cubic, x, 2), 0, 0.0, shrunk)
        onto = project(operator.A, operator.A_adjoint, cubic, made[name], steps=10)
        yield Row(rows, name, size_of(x), "0", "cubic, projected", psnr(onto, x, 2), 0, 0.0, shrunk)
    for title, method, options in methods:
        for name, x in truths.items():
            result = Run(method, made[name], operator, device=given.device, **options).finish()
            quality = psnr(result.image.cpu(), x, 2)
            yield Row(rows, name, size_of(x), "0", title, quality, result.steps, result.seconds, shrunk)


def size_of(x: Tensor) -> str:
    return f"{x.shape[-1]}x{x.shape[-2]}"


ROWS = {"super-resolution": super_resolution, "start": start, "meta": meta}


def means(rows: list[Row]) -> list[Row]:
    """Of each method at each noise and way to shrink, over the pictures that all of them have been measured on."""
    groups: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        shrunk = row.note if row.rows == "meta" else ""
        groups.setdefault((row.rows, row.noise, shrunk, row.method), []).append(row)
    made = []
    for (kind, noise, shrunk, method), of in groups.items():
        counts = [len(others) for (*where, _), others in groups.items() if where == [kind, noise, shrunk]]
        of = of[: min(counts)]
        values = [float(np.mean([getattr(row, name) for row in of])) for name in ("psnr", "steps", "seconds")]
        made.append(Row(kind, f"mean of {len(of)}", "", noise, method, values[0], round(values[1]), values[2], shrunk))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help="a colour denoiser")
    parser.add_argument("--start", type=Path, help="MZSR's public start")
    parser.add_argument("--mzsr", type=Path, help="the start of mzsr; the package's own unless given")
    parser.add_argument("--mlsr", type=Path, help="a start of mlsr")
    parser.add_argument(
        "--methods",
        nargs="*",
        default=[],
        help="of the rows `meta`, by their key or as a row calls them; all by default",
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--images", nargs="*", default=[], help="names of pictures; all by default")
    parser.add_argument("--side", type=int, default=10**4, help="of the middle of each picture that is used")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--name", default="plugging")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    title, rows = "Pretrained networks plugged into other methods, or adapted to the picture", []
    for kind in given.rows:
        for row in ROWS[kind](given):
            rows.append(row)
            print(row, flush=True)
            report([*means(rows), *rows], given.name, given.out, title, quiet=True)
    report([*means(rows), *rows], given.name, given.out, title)


if __name__ == "__main__":
    main()
