"""Super-resolution by ZSSR against cubic interpolation, on pictures with a known truth.

    python benchmarks/super_resolution.py --data PATH/set5 --out benchmarks/results
    python benchmarks/super_resolution.py --data PATH/set14 --images comic.bmp zebra.bmp --options steps=300
    python benchmarks/super_resolution.py --data PATH/set5 --variance 2.0 --name super_resolution-gaussian

The low-resolution picture is the truth cropped to a multiple of the scale, shrunk by `Resize` (as MATLAB's imresize
shrinks) and rounded to 8 bits. PSNR is of the luma (BT.601, 16-235) rounded to 8 bits, `scale` pixels cut off each
border, as is customary for these sets. With `--variance` it is blurred by a centred 21 × 21 Gaussian instead, and every
`scale`-th sample from the first on is kept, which the method is told: the published "width 2.0, direct" (Soh et al.,
Meta-transfer learning for zero-shot super-resolution, CVPR 2020), whose width is the eigenvalue of the covariance, so a
standard deviation of 1.414 samples. Enlarged by cubic interpolation such a picture is `displaced` by half a sample: on
Set5 28.73 dB as published, which tells that the protocol is the same; ZSSR's published figure is 34.90.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
import torch
from torch import Tensor

from denoising import resolve
from measuring import report
from oneself import Run
from oneself.operators import Downsample, Resize, displacement, enlarge
from oneself.operators.kernels import gaussian_kernel

MEANS = ("displaced", "cubic", "zssr", "gain", "seconds")


@dataclass(frozen=True)
class Row:
    """One picture. dB of the luma: of cubic interpolation ``displaced`` as the operator displaces, of ``cubic``
    interpolation in its place, and of ``zssr``."""

    picture: str
    size: str
    displaced: float
    cubic: float
    zssr: float
    gain: float
    steps: int
    seconds: float


def main() -> None:
    given = arguments()
    torch.set_num_threads(given.threads)
    paths = [given.data / name for name in given.images] or sorted(p for p in given.data.iterdir() if p.is_file())
    rows: list[Row] = []
    for path in paths:
        rows.append(measured(path, given))
        print(rows[-1], flush=True)
    means = {name: float(np.mean([getattr(row, name) for row in rows])) for name in MEANS}
    mean = Row(f"mean of {len(rows)}", "", steps=round(np.mean([row.steps for row in rows])), **means)
    report([*rows, mean], given.name, given.out, f"Super-resolution by {given.scale:g}, learned from the picture alone")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of true pictures")
    parser.add_argument("--images", nargs="*", default=[], help="names in it; all of them by default")
    parser.add_argument("--scale", type=float, default=2.0)
    parser.add_argument("--variance", type=float, help="blur by such a Gaussian, and keep every scale-th sample")
    parser.add_argument("--corner", type=int, help="use only the upper left corner of this side")
    parser.add_argument("--options", default="", metavar="NAME=VALUE,…", help="options of the method, or a preset")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="super_resolution")
    parser.add_argument("--out", type=Path, help="folder for the table")
    return parser.parse_args()


def measured(path: Path, given: argparse.Namespace) -> Row:
    truth = read(path, given.scale, given.corner)
    operator: Any = Resize(given.scale)
    if given.variance is not None:
        operator = Downsample(given.scale, gaussian_kernel(21, math.sqrt(given.variance)))
    y = (operator.A(truth).clamp(0, 1) * 255).round() / 255
    key, settings, _ = resolve(f"zssr:{given.options}", y)
    result = Run(key, y, operator, **settings).finish()
    border, size = math.ceil(given.scale), f"{truth.shape[-1]}x{truth.shape[-2]}"
    place = displacement(operator.A, y, (given.scale,) * 2)
    displaced, cubic = (psnr(enlarge(y, truth.shape[2:], shift=by), truth, border) for by in (None, place))
    made = psnr(result.image, truth, border)
    return Row(path.stem, size, displaced, cubic, made, made - cubic, result.steps, result.seconds)


def read(path: Path, scale: float, corner: int | None) -> Tensor:
    """``(1, 3, H, W)`` in [0, 1], cropped so that it can be shrunk without a remainder where the scale is whole."""
    picture = torch.from_numpy(imageio.imread(path, mode="RGB").copy()).permute(2, 0, 1)[None].float() / 255
    picture = picture[..., :corner, :corner]
    whole = int(scale) if scale.is_integer() else 1
    height, width = (n // whole * whole for n in picture.shape[2:])
    return picture[..., :height, :width]


def luma(picture: Tensor) -> Tensor:
    weights = picture.new_tensor([65.481, 128.553, 24.966]).reshape(1, 3, 1, 1)
    return ((picture.clamp(0, 1) * 255).round() / 255 * weights).sum(1).add(16).round()


def psnr(picture: Tensor, truth: Tensor, border: int) -> float:
    within = (..., slice(border, -border), slice(border, -border))
    return float(10 * torch.log10(255**2 / (luma(picture) - luma(truth))[within].square().mean()))


if __name__ == "__main__":
    main()
