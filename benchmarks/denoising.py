"""Denoising: quality and cost of every method, beside classical ones.

    python benchmarks/denoising.py --methods noisy nlm bm3d auto zs_n2n zs_n2n:published
    python benchmarks/denoising.py --data PATH/cset9 --pairs PATH/polyu PATH/sidd PATH/fmdd --quick --out results

A method is a key, or key:preset, or key:name=value,name=value, where `sigma=told` gives it the noise level. Each runs
in a process of its own, so that the peak of its memory can be told. `noisy` is the input; `nlm` scikit-image's
non-local means, given the noise level; `bm3d` the bm3d package where it is installed (its licence is not free: for
measuring only), given the noise level too. Noise is made with numpy's generator, seed 0, and not clipped; correlated
noise is smoothed over 0.8 pixels, striped noise is 0.8 of what all elements of a row and all channels share, and 0.6
of white. A second shot (`noise2noise`) is made with seed 1, and there is none of real pairs. `--quick` takes one
picture of each kind, its middle 96 pixels, and stops every run after 15 seconds: all kinds by all methods take under
half an hour on two cores.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from measuring import Row, pairs, pictures, quality, report, timed
from oneself.denoisers.classical import non_local_means
from oneself.registry import find
from oneself.tasks.problems import choose_method

KINDS = (
    "gaussian-15",
    "gaussian-25",
    "gaussian-50",
    "poisson-30",
    "poisson-gaussian-30-5",
    "correlated-25",
    "striped-25",
)
LEARNED = ("auto", "nonlocal_wiener", "zs_n2n", "noise2void", "blind_network", "noise2noise", "self2self", "dip")


@dataclass(frozen=True)
class Case:
    """A picture, its noise by name, truth and measurement, and another shot of it where there is one."""

    picture: str
    noise: str
    truth: Tensor
    y: Tensor
    second: Tensor | None = None

    @property
    def sigma(self) -> float:
        """The noise's root mean square."""
        return float((self.y - self.truth).square().mean().sqrt())


def main() -> None:
    given = arguments()
    cases = chosen(given)
    rows: list[Row] = []
    for method in given.methods:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            rows += alone.submit(measured, method, cases, given.threads, given.seconds).result()
        report(rows, given.name, given.out, given.title, quiet=True)  # what is measured stays, whatever comes
    order = {(case.noise, case.picture): i for i, case in enumerate(cases)}
    rows.sort(key=lambda row: order[row.noise, row.picture])
    report([*rows, *means(rows)], given.name, given.out, given.title)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of true pictures; scikit-image's otherwise")
    parser.add_argument("--images", nargs="*", default=[], help="names in it (or of scikit-image); all otherwise")
    parser.add_argument("--pairs", type=Path, nargs="*", default=[], help="folders of real noise with its reference")
    parser.add_argument("--side", type=int, help="side of the middle crop (256; 96 with --quick)")
    parser.add_argument(
        "--noise",
        nargs="*",
        help="gaussian-LEVEL, correlated-LEVEL, striped-LEVEL (of 255), poisson-PEAK, poisson-gaussian-PEAK-LEVEL",
    )
    parser.add_argument("--methods", nargs="+")
    parser.add_argument("--quick", action="store_true", help="one crop of each kind, 15 s a run")
    parser.add_argument("--seconds", type=float, help="time allowed for a run")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="denoising")
    parser.add_argument("--title", default="Denoising")
    parser.add_argument("--out", type=Path, help="folder for the table")
    given = parser.parse_args()
    given.side = given.side or (96 if given.quick else 256)
    given.seconds = given.seconds or (15.0 if given.quick else None)
    given.noise = (list(KINDS) if given.quick else ["gaussian-25"]) if given.noise is None else given.noise
    classical = ["noisy", "nlm", *(["bm3d"] if find_spec("bm3d") else [])]
    given.methods = given.methods or [*classical, *(LEARNED if given.quick else ["auto"])]
    return given


def chosen(given: argparse.Namespace) -> list[Case]:
    """Every picture with every noise, and the real pairs; the first of each kind where it is to be quick."""
    most = 1 if given.quick else None
    truths = list(pictures(given.data, given.images, given.side).items())[:most] if given.noise else []
    cases = [
        Case(name, noise, truth, noisy(truth, noise), noisy(truth, noise, seed=1))
        for noise in given.noise
        for name, truth in truths
    ]
    for folder in given.pairs:
        cases += [Case(name, folder.name, *pair) for name, pair in list(pairs(folder, given.side).items())[:most]]
    return cases


def measured(method: str, cases: list[Case], threads: int, seconds: float | None) -> list[Row]:
    torch.set_num_threads(threads)
    rows = []
    for case in cases:
        if _needs_another(method) and case.second is None:
            continue
        rows.append(one(method, case, seconds))
        print(rows[-1], flush=True)
    return rows


def _needs_another(method: str) -> bool:
    key = method.partition(":")[0]
    return key not in ("auto", *CLASSICAL) and any(option.name == "second" for option in find(key).options)


def noisy(truth: Tensor, noise: str, seed: int = 0) -> Tensor:
    """The picture with noise of ``kind-level``."""
    kind, *told = noise.rsplit("-", 2 if noise.startswith("poisson-gaussian") else 1)
    level = [float(number) for number in told]
    chance, x = np.random.default_rng(seed), truth.numpy()
    if kind == "gaussian":
        y = x + level[0] / 255 * chance.standard_normal(x.shape)
    elif kind == "correlated":
        made = gaussian_filter(chance.standard_normal(x.shape), (0, 0, 0.8, 0.8), mode="wrap")
        y = x + level[0] / 255 * made / made.std()
    elif kind == "striped":
        rows = chance.standard_normal((1, 1, x.shape[2], 1))
        y = x + level[0] / 255 * (0.8 * rows + 0.6 * chance.standard_normal(x.shape))
    elif kind == "poisson":
        y = chance.poisson(x * level[0]) / level[0]
    elif kind == "poisson-gaussian":
        y = chance.poisson(x * level[0]) / level[0] + level[1] / 255 * chance.standard_normal(x.shape)
    else:
        raise SystemExit(f"--noise {noise}: unknown. Give one such as {', '.join(KINDS)}.")
    return torch.from_numpy(y).float()


def one(method: str, case: Case, seconds: float | None) -> Row:
    if method in CLASSICAL:
        began = time.monotonic()
        x = CLASSICAL[method](case.y, case.sigma)
        spent = time.monotonic() - began
        return Row(case.picture, case.noise, method, *quality(x, case.truth), 0, 0.0, spent, 0.0)
    key, settings, note = resolve(method, case.y, case.sigma)
    settings |= {"seconds": seconds} | ({"second": case.second} if _needs_another(method) else {})
    result, taken, gflop, mb = timed(key, case.y, None, **settings)
    found = quality(result.image, case.truth)
    return Row(case.picture, case.noise, method, *found, result.steps, gflop, taken, mb, note)


def resolve(method: str, y: Tensor, sigma: float | None = None) -> tuple[str, dict[str, Any], str]:
    """Key, settings and a note of ``auto``, ``key``, ``key:preset`` or ``key:name=value,…``; ``told`` is the level."""
    key, _, more = method.partition(":")
    if key == "auto":
        choice = choose_method("denoise", "auto", y, device="cpu")
        return choice.method, {**choice.options, "device": "cpu"}, choice.why
    settings: dict[str, Any] = {"device": "cpu"}
    choices = {option.name: option.choices for option in find(key).options}
    if "=" in more:
        for part in more.split(","):
            name, value = part.split("=")
            known = value in choices.get(name, ())
            settings[name] = value if known else sigma if value == "told" else _value(value)
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
