"""Taking pictures apart: synthetic haze, mixtures, watermark and segments, each with a known truth.

    python benchmarks/separation.py --out benchmarks/results

Everything is made from scikit-image's pictures, without noise. `before` and `after` compare the input and the answer
with the truth: PSNR in dB (of a watermark: within the mask; of transparent layers: the mean of both, in whichever order
is better, for input and answer alike) or, for segments, intersection over union (before: all taken for foreground).
`transparency-1` leaves each layer's contrast open, so there input and layers are first fitted to the truth by a gain
and an offset. `reference` is, of haze, the dark channel prior's transmission with the same airlight and guided filter.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import skimage
import torch
from torch import Tensor
from torch.nn import functional as F

from measuring import report
from oneself import Run
from oneself.imaging.haze import airlight, clear, transmission
from oneself.operators import Mixture
from oneself.testing import psnr

Judge = Callable[[Any], float]


@dataclass(frozen=True)
class Row:
    """One problem. ``before``, ``after`` and ``reference`` in ``unit``."""

    problem: str
    pictures: str
    unit: str
    before: float
    after: float
    reference: float | str
    steps: int
    seconds: float
    note: str


@dataclass(frozen=True)
class Made:
    """A mixture, what is known of it, the quality of the input, and how an answer is judged."""

    y: Tensor
    physics: Mixture
    unit: str
    before: float
    judge: Judge
    reference: float | str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--problems", nargs="+", default=list(PROBLEMS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--name", default="separation")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows = []
    for name in given.problems:
        make, *shown = PROBLEMS[name]
        made = make(*(picture(one, given.side) for one in shown))
        began = time.monotonic()
        result = Run("double_dip", made.y, made.physics, device="cpu", seed=given.seed).finish()
        seconds = time.monotonic() - began
        told = ", ".join(shown)
        rows.append(Row(name, told, made.unit, made.before, made.judge(result), made.reference, result.steps, seconds,
                        result.stopped_by))  # fmt: skip
        print(rows[-1], flush=True)
    report(rows, given.name, given.out, "Pictures taken apart by Double-DIP")


def picture(name: str, side: int) -> Tensor:
    """The middle of one of scikit-image's pictures, shrunk to about twice the side and cut, ``(1, 3, side, side)``."""
    pixels = np.atleast_3d(getattr(skimage.data, name)()) / 255
    x = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))).float()[None]
    x = F.avg_pool2d(x.expand(-1, 3, -1, -1), max(1, min(x.shape[2:]) // side))
    top, left = ((n - side) // 2 for n in x.shape[2:])
    return x[..., top : top + side, left : left + side].contiguous()


def hazy(x: Tensor) -> Made:
    """Thicker towards the top, a little towards the left."""
    height, width = x.shape[2:]
    t = 0.3 + 0.6 * torch.linspace(0, 1, height)[:, None] + 0.1 * torch.linspace(0, 1, width)
    light = torch.tensor([0.85, 0.88, 0.92])[None, :, None, None]
    y = Mixture.mix(x, light, t[None, None])
    found = airlight(y)
    reference = psnr(clear(y, transmission(y, found), found), x)
    return Made(y, Mixture("dehaze"), "dB", psnr(y, x), lambda result: psnr(result.image, x), reference)


def two_mixtures(first: Tensor, second: Tensor) -> Made:
    y, other = (Mixture.mix(first, second, torch.tensor(share)) for share in (0.6, 0.35))

    def judge(*layers: Tensor) -> float:
        return max(sum(map(psnr, order, (first, second))) / 2 for order in permutations(layers))

    physics = Mixture("transparency", second=other)
    return Made(y, physics, "dB", judge(y, other), lambda result: judge(result.image, result.parts["second"]))


def one_mixture(first: Tensor, second: Tensor) -> Made:
    y = Mixture.mix(first, second, torch.tensor(0.5))

    def judge(*layers: Tensor) -> float:
        pairs = [zip(order, (first, second), strict=True) for order in permutations(layers)]
        return max(sum(psnr(fitted(x, truth), truth) for x, truth in pair) / 2 for pair in pairs)

    physics = Mixture("transparency")
    return Made(y, physics, "dB", judge(y, y), lambda result: judge(result.image, result.parts["second"]))


def fitted(x: Tensor, truth: Tensor) -> Tensor:
    """``gain · x + offset`` nearest to the truth."""
    a, b = x.flatten().double(), truth.flatten().double()
    gain = ((a - a.mean()) * (b - b.mean())).sum() / (a - a.mean()).square().sum()
    return (gain * (x - a.mean()) + b.mean()).float()


def marked(x: Tensor) -> Made:
    """A light grid of rings, half transparent, in a band across the middle."""
    height, width = x.shape[2:]
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    mask = torch.zeros(1, 1, height, width)
    mask[..., height // 3 : 2 * height // 3, width // 8 : -width // 8] = 1
    spacing = height // 5
    far = ((rows - height / 2) ** 2 + ((columns % spacing) - spacing / 2) ** 2).sqrt()
    opacity = 0.5 * ((far - spacing / 3).abs() < 1).float() * mask
    y = Mixture.mix(torch.full_like(x, 0.95), x, opacity)
    inside = mask.expand_as(x) > 0
    judge: Judge = lambda result: psnr(result.image[inside], x[inside])  # noqa: E731
    return Made(y, Mixture("watermark", mask=mask), "dB", psnr(y[inside], x[inside]), judge)


def segments(front: Tensor, back: Tensor) -> Made:
    """An ellipse of one texture in another; a square inside and a frame outside are hinted at."""
    side = front.shape[-1]
    rows, columns = torch.meshgrid(*[torch.linspace(-1, 1, side)] * 2, indexing="ij")
    m = ((rows / 0.62) ** 2 + ((columns + 0.06) / 0.54) ** 2 < 1).float()[None, None]
    hints = torch.zeros_like(m)
    low, high, border = 2 * side // 5, 3 * side // 5, side // 10
    hints[..., low:high, low:high] = 1
    hints[..., :border, :] = hints[..., -border:, :] = hints[..., :border] = hints[..., -border:] = 2

    def overlap(mask: Tensor) -> float:
        return float((mask * m).sum() / ((mask + m) > 0).sum())

    y, physics = Mixture.mix(front, back, m), Mixture("segment", hints=hints)
    return Made(y, physics, "IoU", overlap(torch.ones_like(m)), lambda result: overlap(result.parts["mask"]))


PROBLEMS: dict[str, Any] = {
    "dehaze-astronaut": (hazy, "astronaut"),
    "dehaze-chelsea": (hazy, "chelsea"),
    "transparency-2": (two_mixtures, "astronaut", "coffee"),
    "transparency-1": (one_mixture, "brick", "gravel"),
    "watermark": (marked, "chelsea"),
    "segment": (segments, "brick", "grass"),
}

if __name__ == "__main__":
    main()
