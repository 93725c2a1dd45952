"""What denoising costs as the picture grows, and that its tiles leave no seam.

    python benchmarks/large.py --sides 256 512 1024 2048

The picture is the astronaut repeated and mirrored, with Gaussian noise of 25/255. `train` and `apply` are the seconds
of the steps and of the answer; `seam` is the largest difference between the answer in tiles of 512 and in one piece.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage
import torch

from denoising import noisy
from measuring import quality, report
from oneself import Run


@dataclass(frozen=True)
class Row:
    side: int
    psnr: float
    train: float
    apply: float
    mb: float
    seam: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", nargs="+", type=int, default=[256, 2048])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = []
    for side in given.sides:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            rows.append(alone.submit(one, side, given.threads).result())
    report(rows, "large", given.out, "Denoising pictures of growing size (zs_n2n, colour)")


def one(side: int, threads: int) -> Row:
    torch.set_num_threads(threads)
    pixels = skimage.data.astronaut()
    pixels = np.pad(pixels, ((0, max(0, side - 512)),) * 2 + ((0, 0),), mode="symmetric")[:side, :side]
    truth = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))).float()[None] / 255
    y = noisy(truth, "gaussian-25")
    run = Run("zs_n2n", y, device="cpu")
    began = time.monotonic()
    for step in run:
        if step.index == 0:
            began = time.monotonic()  # the first step warms up
        if step.index + 1 == step.steps:
            trained = time.monotonic() - began
    result = run.result()
    applied = time.monotonic() - began - trained
    return Row(side, quality(result.image, truth)[0], trained, applied, result.peak_memory / 2**20, seam(y))


def seam(y: torch.Tensor) -> str:
    """Largest difference between tiles and one piece, after the same few steps, on a part that one piece can hold."""
    part = y[..., :1024, :1024]
    whole, tiled = (Run("zs_n2n", part, device="cpu", steps=20, tile=t).finish().image for t in (4096, 300))
    return f"{float((whole - tiled).abs().max()):.1e}"


if __name__ == "__main__":
    main()
