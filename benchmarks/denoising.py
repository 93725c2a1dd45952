"""Denoising: quality and cost of every method, beside classical ones.

    python benchmarks/denoising.py --methods noisy nlm bm3d auto zs_n2n zs_n2n:published
    python benchmarks/denoising.py --data PATH/set12 --side 128 --methods auto dip self2self --out benchmarks/results

A method is a key, or key:preset, or key:name=value,name=value, where `sigma=told` gives it the noise level. Each runs
in a process of its own, so that the peak of its memory can be told. `noisy` is the input; `nlm` scikit-image's
non-local means, given the noise level; `bm3d` the bm3d package where it is installed (its licence is not free: for
measuring only), given the noise level too. Noise is made with numpy's generator, seed 0, and not clipped; correlated
noise is smoothed over 0.8 pixels.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from measuring import Row, pictures, quality, report, timed
from oneself.priors import non_local_means
from oneself.problems import settle


def main() -> None:
    given = arguments()
    truths = pictures(given.data, given.images, given.side)
    rows: list[Row] = []
    for method in given.methods:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            rows += alone.submit(measured, method, truths, given.noise, given.threads).result()
        report(rows, given.name, given.out, given.title, quiet=True)  # what is measured stays, whatever comes
    order = {name: i for i, name in enumerate(truths)}
    rows.sort(key=lambda row: (given.noise.index(row.noise), order[row.picture]))
    report([*rows, *means(rows)], given.name, given.out, given.title)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of true pictures; scikit-image's otherwise")
    parser.add_argument("--images", nargs="*", default=[], help="names in it (or of scikit-image); all otherwise")
    parser.add_argument("--side", type=int, default=256, help="side of the middle crop")
    parser.add_argument(
        "--noise", nargs="*", default=["gaussian-25"], help="gaussian-LEVEL, correlated-LEVEL (of 255), poisson-PEAK"
    )
    parser.add_argument("--methods", nargs="+", default=["noisy", "nlm", "auto"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="denoising")
    parser.add_argument("--title", default="Denoising")
    parser.add_argument("--out", type=Path, help="folder for the table")
    return parser.parse_args()


def measured(method: str, truths: dict[str, Tensor], noises: list[str], threads: int) -> list[Row]:
    torch.set_num_threads(threads)
    rows = []
    for noise in noises:
        for name, truth in truths.items():
            y, sigma = noisy(truth, noise)
            rows.append(one(method, name, noise, truth, y, sigma))
            print(rows[-1], flush=True)
    return rows


def noisy(truth: Tensor, noise: str) -> tuple[Tensor, float]:
    """The picture with noise of ``kind-level``, and the noise's root mean square."""
    kind, level = noise.split("-")
    chance, x = np.random.default_rng(0), truth.numpy()
    if kind == "gaussian":
        y = x + float(level) / 255 * chance.standard_normal(x.shape)
    elif kind == "correlated":
        noise = gaussian_filter(chance.standard_normal(x.shape), (0, 0, 0.8, 0.8), mode="wrap")
        y = x + float(level) / 255 * noise / noise.std()
    elif kind == "poisson":
        y = chance.poisson(x * float(level)) / float(level)
    else:
        raise SystemExit(f"--noise {noise}: unknown. Give gaussian-LEVEL, correlated-LEVEL or poisson-PEAK.")
    return torch.from_numpy(y).float(), float(np.sqrt(((y - x) ** 2).mean()))


def one(method: str, picture: str, noise: str, truth: Tensor, y: Tensor, sigma: float) -> Row:
    if method in CLASSICAL:
        began = time.monotonic()
        x = CLASSICAL[method](y, sigma)
        return Row(picture, noise, method, *quality(x, truth), 0, 0.0, time.monotonic() - began, 0.0)
    key, settings, note = resolve(method, y, sigma)
    result, seconds, gflop, mb = timed(key, y, None, **settings)
    return Row(picture, noise, method, *quality(result.image, truth), result.steps, gflop, seconds, mb, note)


def resolve(method: str, y: Tensor, sigma: float | None = None) -> tuple[str, dict[str, Any], str]:
    """Key, settings and a note of ``auto``, ``key``, ``key:preset`` or ``key:name=value,…``; ``told`` is the level."""
    key, _, more = method.partition(":")
    if key == "auto":
        choice = settle("denoise", "auto", y, device="cpu")
        return choice.method, {**choice.options, "device": "cpu"}, choice.why
    settings: dict[str, Any] = {"device": "cpu"}
    if "=" in more:
        for part in more.split(","):
            name, value = part.split("=")
            settings[name] = sigma if value == "told" else _value(value)
    elif more:
        settings["preset"] = more
    return key, settings, ""


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"none": None, "true": True, "false": False}.get(text, text)


def means(rows: list[Row]) -> list[Row]:
    """The mean over pictures, of each noise and method."""
    found = []
    for noise, method in dict.fromkeys((row.noise, row.method) for row in rows):
        own = [row for row in rows if (row.noise, row.method) == (noise, method)]
        values = {c: float(np.mean([getattr(r, c) for r in own])) for c in ("psnr", "ssim", "gflop", "seconds", "mb")}
        found.append(Row(f"mean of {len(own)}", noise, method, steps=round(np.mean([r.steps for r in own])), **values))
    return found if len(rows) > len(found) else []


def bm3d(y: Tensor, sigma: float) -> Tensor:
    import bm3d as package

    pixels = y[0].permute(1, 2, 0).numpy()
    x = package.bm3d_rgb(pixels, sigma) if pixels.shape[2] == 3 else package.bm3d(pixels[..., 0], sigma)[..., None]
    return torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1))).float()[None]


CLASSICAL: dict[str, Callable[[Tensor, float], Tensor]] = {
    "noisy": lambda y, sigma: y,
    "nlm": lambda y, sigma: non_local_means(sigma)(y),
    "bm3d": bm3d,
}

if __name__ == "__main__":
    main()
