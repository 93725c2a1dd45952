"""Pretrained denoisers adapted to the picture: before and after.

    python benchmarks/adaptation.py --weights PATH/weights --data PATH --rows loading
    python benchmarks/adaptation.py --weights PATH/weights --data PATH --out results

`--weights` is a folder of files that `oneself weights` knows; they are found by their SHA-256. `--data` holds `set12`,
`cset9` and `fmdd`. Rows:

- `loading`: the network as it came on whole test sets, beside the published figure.
- `beyond`: at noise above what the network was trained for, and its twin without offsets at the same noise.
- `within`: at noise that it was trained for.
- `content`: text, and a real micrograph, whose noise level is estimated.
- `long`: gains and all parameters at one learning rate, ten times as long and never stopped: the last iterate, beside
  what is returned.

Noise is of numpy's generator (of torch's in `loading`), the picture's number in its folder as the seed, and neither it
nor the noisy picture is cut; the answer is cut to [0, 1] before its PSNR is taken. Every run takes 60 steps (`--steps`)
on a patch of 64² each, and its picture is cut to its middle 128² (`--side`); whole in the U-net's rows of `beyond`, on
patches of 96². Settings were tuned on BSD68, which no row is on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import skimage
import torch
from torch import Tensor

from measuring import pairs, pictures, report
from oneself import Run
from oneself.networks.pretrained import KNOWN, load_weights
from oneself.networks.pretrained.files import digest
from oneself.testing import psnr

FIGURES = [
    ("dncnn-17-25", "set12", 25, "30.44 (published)"),
    ("dncnn-bias-free-0-55", "set12", 25, "30.35 (measured by others)"),
    *(("drawn-colour", "cset9", sigma, "our own training") for sigma in (15, 25, 50)),
    *(("drawn-gray", "set12", sigma, "our own training") for sigma in (25, 50)),
    ("drawn-gray", "bsd68", 25, "our own training"),
    ("ffdnet-procedural", "cset9", 25, "31.40 (measured by others)"),
    ("ffdnet-procedural", "cset9", 50, "28.72 (measured by others)"),
]
BEYOND = [("dncnn-0-10", "dncnn-bias-free-0-10", 30), ("unet-0-55", "unet-bias-free-0-55", 70)]
HOUSE = "02"
WITHIN = [("unet-bias-free-0-100", 25)]


@dataclass(frozen=True)
class Row:
    """A network on a picture: PSNR before and after, in dB."""

    rows: str
    picture: str
    noise: str
    weights: str
    what: str
    before: float
    after: float
    gain: float
    steps: int
    seconds: float
    note: str = ""


def found(folder: Path) -> dict[str, Path]:
    """The files of a folder that are known, by name."""
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in (".pt", ".pth", ".npz", ".safetensors")]
    return {KNOWN[sha256].name: path for path in files if (sha256 := digest(path)) in KNOWN}


def noisy(x: Tensor, sigma: float, number: int) -> Tensor:
    noise = np.random.default_rng(number).normal(0, sigma / 255, x.shape)
    return (x.double() + torch.from_numpy(noise)).float()


def by_torch(x: Tensor, sigma: float, number: int) -> Tensor:
    """The noise that the figures were measured with; another seed moves a mean over Set12 by up to 0.02 dB."""
    return x + sigma / 255 * torch.randn(x.shape, generator=torch.Generator().manual_seed(number))


def quality(image: Tensor, truth: Tensor) -> float:
    return psnr(image.clamp(0, 1), truth)


def as_it_came(weights: Path, y: Tensor, sigma: float | None) -> Tensor:
    level = None if sigma is None else sigma / 255
    return Run("gain_tuning", y, weights=weights, sigma=level, steps=0, device="cpu").finish().image


def adapted(
    rows: str, name: str, weights: Path, picture: str, x: Tensor, y: Tensor, sigma: float | None, method: str,
    changed: str, last: bool = False, **options: Any,
) -> Row:  # fmt: skip
    """A row. ``last``: judged by the last iterate, whatever the run would have returned."""
    level = None if sigma is None else sigma / 255
    options = {"patch": 64, **options}
    began = time.monotonic()
    run = Run(method, y, weights=weights, sigma=level, device="cpu", **options)
    result = run.finish()
    image = run.stages[-1].estimate().detach() if last else result.image
    before, after = quality(as_it_came(weights, y, sigma), x), quality(image, x)
    noise = "real" if sigma is None else f"{sigma:g}"
    kept = "the last iterate" if last else "as it came" if "as it came" in result.stopped_by else ""
    seconds = time.monotonic() - began
    return Row(rows, picture, noise, name, changed, before, after, after - before, result.steps, seconds, kept)


def loading(weights: dict[str, Path], data: Path, side: int, steps: int) -> Iterator[Row]:
    for name, folder, sigma, figure in FIGURES:
        if name not in weights:
            continue
        began, values = time.monotonic(), []
        for number, x in enumerate(pictures(data / folder, [], 10**4).values()):
            x = x[:, : load_weights(weights[name]).architecture.channels]
            values.append(quality(as_it_came(weights[name], by_torch(x, sigma, number), sigma), x))
        mean = float(np.mean(values))
        seconds = time.monotonic() - began
        yield Row("loading", folder, f"{sigma}", name, "nothing", mean, mean, 0.0, 0, seconds, figure)


def set12(data: Path, side: int, names: list[str] | None = None) -> Iterator[tuple[int, str, Tensor]]:
    for number, (name, x) in enumerate(pictures(data / "set12", [], side).items()):
        if names is None or name in names:
            yield number, name, x[:, :1]


def beyond(weights: dict[str, Path], data: Path, side: int, steps: int) -> Iterator[Row]:
    for name, twin, sigma in BEYOND:
        whole = name.startswith("unet")
        for number, picture, x in set12(data, 256 if whole else side, [HOUSE, "05"] if whole else [HOUSE]):
            y = noisy(x, sigma, number)
            options = {"steps": steps, "patch": 96 if whole else 64}
            yield adapted("beyond", name, weights[name], picture, x, y, sigma, "gain_tuning", "gains", **options)
            if twin in weights:
                same = quality(as_it_came(weights[twin], y, sigma), x)
                yield Row("beyond", picture, f"{sigma}", twin, "nothing", same, same, 0.0, 0, 0.0, "the yardstick")


def within(weights: dict[str, Path], data: Path, side: int, steps: int) -> Iterator[Row]:
    for name, sigma in WITHIN:
        for number, picture, x in set12(data, side):
            y = noisy(x, sigma, number)
            yield adapted("within", name, weights[name], picture, x, y, sigma, "gain_tuning", "gains", steps=steps)


def content(weights: dict[str, Path], data: Path, side: int, steps: int) -> Iterator[Row]:
    name = "unet-bias-free-0-100"
    pixels = skimage.data.page()[:side, :side]
    x = torch.from_numpy(np.ascontiguousarray(pixels)).float()[None, None] / 255
    yield adapted("content", name, weights[name], "text", x, noisy(x, 25, 0), 25, "gain_tuning", "gains", steps=steps)
    for picture, (truth, y) in list(pairs(data / "fmdd", side).items())[::3]:
        yield adapted(
            "content", name, weights[name], picture, truth[:, :1], y[:, :1], None, "gain_tuning", "gains by noise2void",
            loss="noise2void", steps=steps,
        )  # fmt: skip


def long(weights: dict[str, Path], data: Path, side: int, steps: int) -> Iterator[Row]:
    name = "unet-bias-free-0-100"
    (number, picture, x), *_ = set12(data, side, [HOUSE])
    y = noisy(x, 25, number)
    for what in ("gains", "all"):
        for last in (False, True):
            more = {"steps": 10 * steps, "patience": 10**7, "validate_every": 50} if last else {"steps": steps}
            yield adapted(
                "long", name, weights[name], picture, x, y, 25, "fine_tuning", what, last, what=what, lr=3e-3, **more,
            )  # fmt: skip


ROWS = {"loading": loading, "beyond": beyond, "within": within, "content": content, "long": long}


def summary(rows: list[Row]) -> list[Row]:
    """The mean and the least gain of each group of several pictures."""
    groups: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        if row.what != "nothing" and row.rows in ("beyond", "within"):
            groups.setdefault((row.rows, row.noise, row.weights, row.what), []).append(row)
    made = []
    for (rows_of, noise, weights, what), of in groups.items():
        before, after = (float(np.mean([getattr(row, name) for row in of])) for name in ("before", "after"))
        least = min(row.gain for row in of)
        seconds = sum(row.seconds for row in of)
        steps = sum(row.steps for row in of) // len(of)
        note = f"least gain {least:+.3f}"
        made.append(Row(rows_of, f"mean of {len(of)}", noise, weights, what, before, after, after - before, steps,
                        seconds, note))  # fmt: skip
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--side", type=int, default=128, help="of the middle of each picture that is denoised")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--name", default="adaptation")
    given = parser.parse_args()
    weights = {name: path for folder in given.weights for name, path in found(folder).items()}
    rows: list[Row] = []
    for kind in given.rows:
        for row in ROWS[kind](weights, given.data, given.side, given.steps):
            rows.append(row)
            print(row, flush=True)
        report([*summary(rows), *rows], given.name, given.out, "Pretrained denoisers, before and after", quiet=True)
    report([*summary(rows), *rows], given.name, given.out, "Pretrained denoisers, before and after")


if __name__ == "__main__":
    main()
