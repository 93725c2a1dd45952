"""Whether the units of a picture count: every method on the same picture in other units, beside the picture as it is.

    python benchmarks/units.py --out benchmarks/results

The picture is 8 bit. The same picture is given times 0.003 (float32), plus 100 in 16 bits, in the numbers of computed
tomography (16 bit, -1000 to 1000) and as counts (32 bit). Every answer is led back and compared with the truth: the
error of each, relative to that of the picture as it is, should be 1. Haze is light that is added, so that it is scaled
but not shifted. Generators make pictures in [0, 1], which of 8 bit is black to white, and of other types what was
measured: their answers differ a little (dgp, pti). Steps are few: what is asked is whether the answers are alike, not
how good they are.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skimage.data import astronaut

import oneself
from measuring import report
from oneself.core import Identity, Method
from oneself.domains import IMAGE
from oneself.operators import Downsample, Resize
from oneself.operators.kernels import gaussian_kernel
from oneself.testing import Blur
from oneself.testing.cases import beside

Pixels = np.ndarray[Any, Any]
UNITS: dict[str, tuple[float, float, str]] = {
    "as_it_is": (1, 0, "uint8"),
    "times_0003": (0.003, 0, "float32"),
    "plus_100": (1, 100, "uint16"),
    "tomography": (7, -1000, "int16"),
    "counts": (20, 7, "int32"),
}
UNSHIFTED = {"dehaze"}
QUICK = {"steps": 30, "start": 5, "burn_in": 2, "descent": 10, "samples": 2, "passes": 2}
FIRST = ("denoise", "super-resolve", "deblur", "restore", "dehaze", "kernel", "generate")
SIDE, SIGMA = 40, 20


@dataclass(frozen=True)
class Row:
    """A method's error on the picture as it is, of its range, and that in other units relative to it."""

    method: str
    task: str
    error: float
    times_0003: float
    plus_100: float
    tomography: float
    counts: float
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="*", default=[], help="keys; all by default")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for the table")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    rows = []
    for method in oneself.methods():
        if method.domain is IMAGE and (not given.methods or method.key in given.methods):
            rows.append(measured(method))
            print(rows[-1], flush=True)
    report(rows, "units", given.out, "One picture in other units: errors relative to the picture as it is")


def measured(method: Method) -> Row:
    task = next(task for task in FIRST if task in method.tasks)
    began, errors = time.monotonic(), {}
    for name, (scale, offset, dtype) in UNITS.items():
        shift = 0.0 if task in UNSHIFTED else offset
        errors[name] = TASKS[task](method, lambda v, s=scale, o=shift, d=dtype: (v * s + o).astype(d), scale, shift)
    first = errors.pop("as_it_is")
    return Row(method.key, task, first, *(v / first for v in errors.values()), time.monotonic() - began)


def quick(method: Method) -> dict[str, Any]:
    """What makes a method quick, where it has an option of that name; small networks where it needs weights."""
    found = {name: value for name, value in QUICK.items() if method.takes(name)}
    x = torch.from_numpy(scene()).permute(2, 0, 1)[None].float() / 255
    needed = {name: value for name, value in beside(method, x, x, Identity()).items() if name != "second"}
    counting = {**method.resolve_options({}), **found, **needed}
    idle = {record.name for record in method.options if not record.option.counts(counting)}
    return {**{name: value for name, value in found.items() if name not in idle}, **needed, "device": "cpu", "seed": 0}


def scene() -> Pixels:
    return np.ascontiguousarray(astronaut()[4:164:4, 160:320:4])  # SIDE x SIDE, colour


def noisy(x: Pixels, seed: int = 0) -> Pixels:
    return np.clip(np.rint(x + np.random.default_rng(seed).normal(0, SIGMA, x.shape)), 0, 255)


def rms(x: Any, truth: Any) -> float:
    return float(np.sqrt(np.mean((np.asarray(x, float) - np.asarray(truth, float)) ** 2))) / 255


Shown = Callable[[Pixels], Pixels]


def _denoise(method: Method, shown: Shown, scale: float, shift: float) -> float:
    x = scene()
    if method.dims == (3,):
        x = np.stack([x] * 12)
    beside = {"second": shown(noisy(x, 1))} if method.takes("second") else {}
    made = oneself.denoise(shown(noisy(x)), method, channel_axis=-1, **quick(method), **beside)
    return rms((np.asarray(made, float) - shift) / scale, x)


def _super_resolve(method: Method, shown: Shown, scale: float, shift: float) -> float:
    x = scene()
    small = Resize(2).A(torch.from_numpy(x).permute(2, 0, 1)[None].float())[0].permute(1, 2, 0).numpy()
    made = oneself.super_resolve(shown(np.rint(small).clip(0, 255)), 2, method=method, **quick(method))
    return rms((np.asarray(made, float) - shift) / scale, x)


def _restore(method: Method, shown: Shown, scale: float, shift: float) -> float:
    x = torch.from_numpy(scene()).permute(2, 0, 1)[None].double()
    x = x[:, :, None].expand(-1, -1, 8, -1, -1) if method.dims == (3,) else x
    y = np.rint(Blur().A(x).numpy() + np.random.default_rng(0).normal(0, 2, x.shape)).clip(0, 255)
    made = oneself.restore(torch.from_numpy(shown(y).astype(np.float64)), Blur(), method, **quick(method))
    return rms((made.numpy() - shift) / scale, x)


def _dehaze(method: Method, shown: Shown, scale: float, shift: float) -> float:
    x = scene()
    t = np.linspace(0.4, 1, len(x))[:, None, None]
    made = oneself.separate(shown(np.rint(x * t + 220 * (1 - t))), "dehaze", method=method, **quick(method))
    return rms(np.asarray(made, float) / scale, x)


def _kernel(method: Method, shown: Shown, scale: float, shift: float) -> float:
    truth = gaussian_kernel(13, (1.8, 1.2), 0.5, (-0.5, -0.5))
    x = torch.from_numpy(np.ascontiguousarray(astronaut()[::2, 100:356:2])).permute(2, 0, 1)[None].float()
    y = np.rint(Downsample(2, truth).A(x)[0].permute(1, 2, 0).numpy()).clip(0, 255)
    found = oneself.kernel(shown(y), 2, method, **quick(method))
    return float(np.linalg.norm(found - truth.numpy()))


def _generate(method: Method, shown: Shown, scale: float, shift: float) -> float:
    x = scene().astype(float)
    made = oneself.generate(shown(x), method=method, **quick(method))
    return rms((np.asarray(made.model.reconstruction(), float) - shift) / scale, x)


TASKS: dict[str, Callable[[Method, Shown, float, float], float]] = {
    "denoise": _denoise,
    "super-resolve": _super_resolve,
    "deblur": _restore,
    "restore": _restore,
    "dehaze": _dehaze,
    "kernel": _kernel,
    "generate": _generate,
}

if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
