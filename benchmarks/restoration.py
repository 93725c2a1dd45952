"""The deep image prior's family: what each method returns, the best it passed, and what comes of thrice the time.

    python benchmarks/restoration.py --quick --data PATH --out benchmarks/results
    python benchmarks/restoration.py --side 128 --tasks inpaint-50 --methods dip deep_red self2self

`returned` is what a user gets, when the method stops by itself at `stop_step`. `best` is the best that the running
average of its outputs passed in three times as many steps (an oracle that saw the truth) and `tripled` what that
average, or the method's own, had become at the end. `passes` is the step at which that average passed the best of
plain `dip`'s (an oracle, too; 0 where it did not, or where `dip` did not run before it). `trivial` is the measurement
itself, the measurement filled with local means, cubic interpolation or the operator's pseudo-inverse. A method is left
out of tasks that it does not do.
Every measurement is made with numpy's generator, seed 0, and not clipped:

    denoise-25           Gaussian noise of 25/255; methods that need the level are told it
    inpaint-50           half the elements missing at random, all channels together
    super-resolve-2, -4  antialiased cubic shrinking
    deblur               a 9×9 Gaussian blur of width 1.6, circular, with noise of 0.55/255
    dynamic-mri          a beating phantom of 12 frames, a third of the lines of each one's k-space, noise 0.01;
                         `trivial` fills with zeros, `dip-frames` fits every frame alone

`--quick` takes six middle crops, two of each set: kodim03 and Peppers of cset9, 01 and 05 of set12, flowers and
monarch of set14; no setting was tuned on them. Networks have 16 channels there, and methods that take all their steps
take fewer. `--processes` share the pictures among them, one thread each.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from beyond import watch
from measuring import counted, pictures, quality, report
from oneself import Run
from oneself.core import Identity
from oneself.operators import Resize, enlarge
from oneself.registry import find

LEVEL = 25 / 255
FAINT = 0.3**0.5 / 255
QUICK = {
    "cset9": ("kodim03.png", "image_Peppers512rgb.png"),
    "set12": ("01.png", "05.png"),
    "set14": ("flowers.bmp", "monarch.bmp"),
}
SMALL = {"width": 16}
FAMILY = {
    "denoise-25": (
        *("dip", "dip_tv", "deep_red", "pnp_dip", "pip"),
        *("dip_sure", "dip_sure_ste", "dip_sgld", "deep_decoder"),
    ),
    "inpaint-50": ("dip", "dip_tv", "idbp", "dpir"),
    "super-resolve-4": ("dip", "bp_dip", "idbp", "dpir"),
    "deblur": ("dip", "bp_dip", "bp_tv", "p_gsure", "idbp", "dpir"),
    "dynamic-mri": ("td_dip", "dip-frames"),
}
SHORT = {  # fewer steps in the quick table
    "td_dip": {"steps": 600, "start": 200, "patience": 150},
}
PUBLISHED = {("denoise-25", "dip"): "30.77 (Set9 whole)", ("super-resolve-4", "dip"): "27.00 (Set14 whole, Y)"}


@dataclass(frozen=True)
class Row:
    task: str
    picture: str
    method: str
    returned: float
    ssim: float
    best: float
    tripled: float
    best_step: int
    stop_step: int
    stopped: str
    passes: int
    gflop: float
    seconds: float
    published: str = ""


@dataclass(frozen=True)
class Asked:
    """A measurement, its operator, the answer that costs nothing, the truth, and the noise level if it is told."""

    y: Tensor
    physics: Any
    trivial: Tensor
    truth: Tensor
    sigma: float | None = None


def main() -> None:
    given = arguments()
    rows: list[Row] = []
    for task in given.tasks:
        truths = {"phantom": phantom()} if task == "dynamic-mri" else chosen(given)
        methods = given.methods or FAMILY.get(task, ())
        options = SMALL if given.quick else {}
        work = partial(measured, task, methods=methods, options=options, threads=given.threads, longer=given.longer)
        with ProcessPoolExecutor(given.processes, multiprocessing.get_context("spawn")) as pool:
            for done in pool.map(work, truths, truths.values()):
                rows += done
                report(rows, given.name, given.out, given.title, quiet=True)  # what is measured stays, whatever comes
        rows += means(task, rows)
        print(*(row for row in rows if row.task == task), sep="\n", flush=True)
    report(rows, given.name, given.out, given.title)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="six pictures of --data, small networks")
    parser.add_argument("--data", type=Path, help="with --quick, the folder that holds cset9, set12 and set14")
    parser.add_argument("--images", nargs="*", default=[])
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--methods", nargs="+")
    parser.add_argument("--longer", type=float, default=3.0, help="how many times as long as a method runs by itself")
    parser.add_argument("--tasks", nargs="+", default=list(FAMILY), choices=list(TASKS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--name", default="restoration")
    parser.add_argument("--title", default="The deep image prior's family")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def chosen(given: argparse.Namespace) -> dict[str, Tensor]:
    if not given.quick:
        return pictures(given.data, given.images, given.side)
    if given.data is None:
        raise SystemExit("--quick: needs --data, the folder that holds cset9, set12 and set14.")
    return {
        f"{folder}/{name.split('.')[0]}": next(iter(pictures(given.data / folder, [name], given.side).values()))
        for folder, names in QUICK.items()
        for name in names
    }


def measured(
    task: str,
    picture: str,
    truth: Tensor,
    *,
    methods: tuple[str, ...],
    options: dict[str, Any],
    threads: int,
    longer: float,
) -> list[Row]:
    torch.set_num_threads(threads)
    asked = TASKS[task](truth)
    rows = [
        Row(task, picture, "trivial", *quality(asked.trivial, asked.truth), *[float("nan")] * 2, 0, 0, "", 0, 0.0, 0.0)
    ]
    plain = float("inf")
    for method in methods:
        if method == "dip-frames":
            rows.append(frame_by_frame(task, picture, asked))
        elif does(method, task):
            rows.append(one(task, picture, method, asked, options, longer, plain))
        if method == "dip":
            plain = rows[-1].best
        print(rows[-1], flush=True)
    return rows


def one(
    task: str, picture: str, method: str, asked: Asked, options: dict[str, Any], longer: float, plain: float
) -> Row:
    record = find(method)
    told = {"sigma": asked.sigma} if asked.sigma is not None and needs_level(method) else {}
    small = {**(options if task != "dynamic-mri" else {}), **(SHORT.get(method, {}) if options else {})}
    own = {**{name: value for name, value in small.items() if record.takes(name)}, **told}
    seen = watch(record, asked.y, asked.physics, asked.truth, longer=longer, device="cpu", **own)
    best = max(range(len(seen.curve)), key=seen.curve.__getitem__)
    return Row(
        task,
        picture,
        method,
        *quality(seen.returned, asked.truth),
        seen.curve[best],
        quality(seen.last, asked.truth)[0],
        best + 1,
        seen.stop_step,
        "itself" if seen.stopped else "all steps",
        next((step for step, psnr in enumerate(seen.curve, 1) if psnr >= plain), 0),
        counted(Run(record, asked.y, asked.physics, device="cpu", **own), seen.stop_step),
        seen.seconds,
        PUBLISHED.get((task, method), ""),
    )


def does(method: str, task: str) -> bool:
    named = task.rstrip("-0123456789")
    record = find(method)
    return (named if named in record.domain.tasks else "restore") in record.tasks


def needs_level(method: str) -> bool:
    return method in ("dip_sure", "dip_sure_ste", "dip_sgld", "p_gsure")


def frame_by_frame(task: str, picture: str, asked: Asked) -> Row:
    """The deep image prior of every frame alone."""
    from deepinv.physics import MRI

    frames, seconds, steps = [], 0.0, []
    for t in range(asked.y.shape[2]):
        physics = MRI(mask=asked.physics.mask[:, :, t], img_size=(2, *asked.y.shape[3:]))
        result = Run("dip", asked.y[:, :, t], physics, device="cpu", width=16, levels=4).finish()
        frames.append(result.image)
        seconds += result.seconds
        steps.append(result.steps)
    found = quality(torch.stack(frames, 2), asked.truth)
    nan = float("nan")
    return Row(task, picture, "dip-frames", *found, nan, nan, 0, round(np.mean(steps)), "itself", 0, 0.0, seconds)


def means(task: str, rows: list[Row]) -> Iterator[Row]:
    for method in dict.fromkeys(row.method for row in rows if row.task == task):
        own = [row for row in rows if (row.task, row.method) == (task, method)]
        if len(own) == 1:
            continue
        floats = {
            c: float(np.mean([getattr(r, c) for r in own]))
            for c in ("returned", "ssim", "best", "tripled", "gflop", "seconds")
        }
        steps = {c: round(np.mean([getattr(r, c) for r in own])) for c in ("best_step", "stop_step")}
        passed = [r.passes for r in own]
        steps["passes"] = round(np.mean(passed)) if all(passed) else 0
        by_itself = f"{sum(r.stopped == 'itself' for r in own)} of {len(own)}" if own[0].stopped else ""
        yield Row(task, f"mean of {len(own)}", method, **floats, **steps, stopped=by_itself, published=own[0].published)


def noise(like: Tensor, level: float) -> Tensor:
    return level * torch.from_numpy(np.random.default_rng(0).standard_normal(like.shape)).float()


def denoise(truth: Tensor) -> Asked:
    y = truth + noise(truth, LEVEL)
    return Asked(y, Identity(), y, truth, LEVEL)


def missing_half(truth: Tensor) -> Asked:
    from deepinv.physics import Inpainting

    known = torch.from_numpy(np.random.default_rng(0).random(truth.shape[2:]) >= 0.5).float()[None, None]
    window = torch.ones(1, 1, 5, 5)
    count = F.conv2d(known, window, padding=2).clamp(min=1)
    local = torch.cat([F.conv2d(c * known, window, padding=2) for c in truth.split(1, 1)], 1) / count
    physics = Inpainting(img_size=tuple(truth.shape[1:]), mask=known[0].expand(truth.shape[1:]).clone())
    return Asked(truth * known, physics, truth * known + local * (1 - known), truth)


def shrunk(truth: Tensor, *, by: int) -> Asked:
    y = Resize(by).A(truth)
    return Asked(y, Resize(by), enlarge(y, tuple(truth.shape[2:])), truth)


def blurred(truth: Tensor) -> Asked:
    from deepinv.physics import BlurFFT

    line = torch.exp(-((torch.arange(9) - 4.0) ** 2) / (2 * 1.6**2))
    kernel = line[:, None] * line[None] / line.sum() ** 2
    physics = BlurFFT(img_size=tuple(truth.shape[1:]), filter=kernel[None, None])
    clean = physics.A(truth)
    y = clean + noise(clean, FAINT)
    return Asked(y, physics, y, truth, FAINT)


def phantom(frames: int = 12, side: int = 48) -> Tensor:
    """A chest with a beating heart, ``(1, 2, frames, side, side)``; the imaginary part is a faint ramp."""
    rows, columns = np.mgrid[:side, :side] / side - 0.5
    made = []
    for t in range(frames):
        beat = 1 + 0.25 * np.sin(2 * np.pi * t / frames)
        x = 0.35 * ((rows / 0.42) ** 2 + (columns / 0.46) ** 2 < 1)
        x = x - 0.2 * (((columns - 0.2) / 0.14) ** 2 + (rows / 0.28) ** 2 < 1)
        x = x + 0.55 * (((columns + 0.1) / 0.14) ** 2 + (rows / 0.14) ** 2 < beat**2)
        x = x - 0.4 * (((columns + 0.1) / 0.08) ** 2 + (rows / 0.08) ** 2 < beat**2)
        made.append(x + 0.1)
    real = np.stack(made)
    ramp = np.broadcast_to(0.15 * (columns + 0.5), real.shape)
    return torch.from_numpy(np.stack([real, ramp])[None]).float().clamp(0, 1)


def dynamic_mri(truth: Tensor) -> Asked:
    from deepinv.physics import DynamicMRI

    frames, side = truth.shape[2], truth.shape[-1]
    lines = np.random.default_rng(0).random((frames, side)) < 0.27
    lines[:, side // 2 - 2 : side // 2 + 2] = True  # the centre of k-space
    mask = torch.from_numpy(lines).float()[:, None, :].expand(frames, truth.shape[-2], side)
    physics = DynamicMRI(mask=mask)
    clean = physics.A(truth)
    y = physics.A(physics.A_adjoint(clean + noise(clean, 0.01)))
    return Asked(y, physics, physics.A_adjoint(y), truth)


TASKS: dict[str, Callable[[Tensor], Asked]] = {
    "denoise-25": denoise,
    "inpaint-50": missing_half,
    "super-resolve-2": partial(shrunk, by=2),
    "super-resolve-4": partial(shrunk, by=4),
    "deblur": blurred,
    "dynamic-mri": dynamic_mri,
}

if __name__ == "__main__":
    main()
