"""Super-resolution of pictures whose blur is not the customary one: what knowing it gains, and what finding it gains.

    python benchmarks/kernels.py --data PATH/set5 --images baby.png butterfly.png --corner 128 --out benchmarks/results

Every true picture is blurred with a Gaussian that is wider than cubic shrinking's, or longer one way, its centre of
mass where the enlarged picture lies on the true one; every second sample is kept and rounded to 8 bits. ZSSR then
enlarges it with three operators: cubic shrinking, the true kernel, and `oneself.kernel`'s estimate. PSNR as in
super_resolution.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import oneself
from denoising import resolve
from measuring import report
from oneself import Run
from oneself.operators import Downsample, Resize
from oneself.operators.kernels import cubic_kernel, gaussian_kernel
from super_resolution import psnr, read

SCALE, SIDE, BORDER = 2, 13, 4
KERNELS = {"round 1.2": (1.2, 0.0), "round 2.0": (2.0, 0.0), "long 2.4 x 1.0": ((2.4, 1.0), 0.6)}
COLUMNS = ("cubic", "assumed", "given", "estimated", "gain_given", "gain_estimated", "distance", "seconds")


@dataclass(frozen=True)
class Row:
    """One picture and kernel. dB of the luma of cubic interpolation, and of ZSSR that assumes cubic shrinking, is given
    the true kernel, and an estimate; both gains over assuming; ``distance`` of the estimate (L2) over the cubic's."""

    picture: str
    kernel: str
    cubic: float
    assumed: float
    given: float
    estimated: float
    gain_given: float
    gain_estimated: float
    distance: float
    seconds: float


def main() -> None:
    given = arguments()
    torch.set_num_threads(given.threads)
    paths = [given.data / name for name in given.images] or sorted(p for p in given.data.iterdir() if p.is_file())
    rows: list[Row] = []
    for path in paths:
        for name in given.kernels:
            rows.append(measured(path, name, given))
            print(rows[-1], flush=True)
    means = {column: float(np.mean([getattr(row, column) for row in rows])) for column in COLUMNS}
    report(
        [*rows, Row(f"mean of {len(rows)}", "", **means)], given.name, given.out, "Kernels that are not the cubic one"
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of true pictures")
    parser.add_argument("--images", nargs="*", default=[], help="names in it; all of them by default")
    parser.add_argument("--kernels", nargs="+", choices=list(KERNELS), default=list(KERNELS))
    parser.add_argument("--corner", type=int, help="use only the upper left corner of this side")
    parser.add_argument("--options", default="", metavar="NAME=VALUE,…", help="options of zssr, or a preset")
    parser.add_argument("--method", default="auto", help="what finds the kernel")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="kernels")
    parser.add_argument("--out", type=Path, help="folder for the table")
    return parser.parse_args()


def measured(path: Path, name: str, given: argparse.Namespace) -> Row:
    truth, kernel = read(path, float(SCALE), given.corner), gaussian_kernel(SIDE, *KERNELS[name], (-0.5, -0.5))
    y = (Downsample(SCALE, kernel).A(truth).clamp(0, 1) * 255).round() / 255
    key, settings, _ = resolve(f"zssr:{given.options}", y)
    found = oneself.kernel(y, SCALE, given.method, full=True)
    cubic = psnr(Resize(SCALE).enlarge(y), truth, BORDER)
    assumed, told, blind = (
        enlarged(y, operator, truth, key, settings)
        for operator in (Resize(SCALE), Downsample(SCALE, kernel), Downsample(SCALE, found.image))
    )
    distance = float((found.image - kernel).norm() / (cubic_kernel(SCALE, SIDE) - kernel).norm())
    return Row(path.stem, name, cubic, assumed, told, blind, told - assumed, blind - assumed, distance, found.seconds)


def enlarged(y: Tensor, operator: Any, truth: Tensor, key: str, settings: Mapping[str, Any]) -> float:
    return psnr(Run(key, y, operator, **settings).finish().image, truth, BORDER)


if __name__ == "__main__":
    main()
