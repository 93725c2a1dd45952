"""A pretrained denoiser inside compressed sensing and tomography: adapted, as it came, and total variation.

    python benchmarks/sensing.py --data PATH --out benchmarks/results

`--data` holds `set11`. No truth is given to any method. Of the middle of each gray picture:

- `cs`: Gaussian measurements (`deepinv.physics.CompressedSensing`), a quarter and a tenth as many as pixels, without
  noise and, a quarter, with noise of a tenth of the measurements' standard deviation. `cs_sure`, and the same with
  `adapting_steps=0` (`as it came`).
- `ct`: the sinogram of 90 angles (`deepinv.physics.Tomography`) with Poisson noise, the mean of what is measured being
  300 and 3000 counts. `ct_pure`, told the gain, the same with `steps=0` (`as it came`), and filtered back-projection.
  With them Shepp's and Logan's phantom, of scikit-image.
- `tv` in both: least squares and total variation, 400 or 100 iterations of deepinv's FISTA. Its weight
  (`WEIGHTS`) was tuned on the first picture of BSD68 (`--tune`; `--data` holds `bsd68`), as what changes by default in
  both methods was on its first three; no row is of them. The phantom was looked at while
  the counts and that default of `ct_pure` were chosen.

Noise and measurements are of torch's generator, the picture's number as the seed. PSNR of the answer cut to [0, 1].
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
import torch
from skimage.transform import resize
from torch import Tensor

from measuring import pictures, report
from oneself import restore

ANGLES = 90
SENSING = {"1/4": (0.25, 0.0), "1/10": (0.1, 0.0), "1/4, noise": (0.25, 0.1)}
COUNTS = {"300 counts": 300.0, "3000 counts": 3000.0}
WEIGHTS = {"1/4": 0.1, "1/10": 0.3, "1/4, noise": 0.1, "300 counts": 1e-2, "3000 counts": 3e-4}
ITERATIONS = {"cs": 400, "ct": 100}
GRID = {"cs": (0.03, 0.1, 0.3, 1.0), "ct": (3e-4, 1e-3, 3e-3, 1e-2)}
TUNED_ON = {"cs": 1, "ct": 1}


@dataclass(frozen=True)
class Row:
    """One picture by one method, in dB."""

    rows: str
    measured: str
    picture: str
    method: str
    psnr: float
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class Problem:
    """What was measured of a picture, and the methods that are told it."""

    rows: str
    measured: str
    name: str
    x: Tensor
    y: Tensor
    physics: Any
    methods: tuple[tuple[str, str, dict[str, Any]], ...]
    gain: float = 1.0


def psnr(x: Tensor, truth: Tensor) -> float:
    return float(-10 * torch.log10((x.clamp(0, 1) - truth).square().mean()))


def phantom(side: int) -> Tensor:
    return torch.from_numpy(resize(skimage.data.shepp_logan_phantom(), (side, side), anti_aliasing=True))[None, None]


def gray(data: Path, folder: str, side: int, names: list[str]) -> dict[str, Tensor]:
    made = pictures(data / folder, names, side)
    return {name: x.mean(1, keepdim=True).float() for name, x in made.items()}


def sensed(truths: dict[str, Tensor]) -> Iterator[Problem]:
    from deepinv.physics import CompressedSensing

    for measured, (share, noise) in SENSING.items():
        for number, (name, x) in enumerate(truths.items()):
            chance = torch.Generator().manual_seed(number)
            physics = CompressedSensing(round(share * x.numel()), tuple(x.shape[1:]), rng=chance)
            y = physics.A(x)
            y = y + noise * y.std() * torch.randn(y.shape, generator=chance)
            methods = (("as it came", "cs_sure", {"adapting_steps": 0}), ("cs_sure", "cs_sure", {}))
            yield Problem("cs", measured, name, x, y, physics, methods)


def scanned(truths: dict[str, Tensor]) -> Iterator[Problem]:
    from deepinv.physics import Tomography

    for measured, counts in COUNTS.items():
        for number, (name, x) in enumerate({**truths, "phantom": phantom(x_side(truths)).float()}.items()):
            physics = Tomography(ANGLES, x.shape[-1], normalize=True)
            clean = physics.A(x).clamp(min=0)
            gain = float(clean.mean()) / counts
            y = gain * torch.poisson(clean / gain, generator=torch.Generator().manual_seed(number))
            told = {"gain": gain}
            methods = (("as it came", "ct_pure", {**told, "steps": 0}), ("ct_pure", "ct_pure", told))
            yield Problem("ct", measured, name, x, y, physics, methods, gain)


def x_side(truths: dict[str, Tensor]) -> int:
    return next(iter(truths.values())).shape[-1]


def total_variation(problem: Problem, weight: float) -> Tensor:
    """``argmin ‖A x - y‖²/2 + weight · s · TV(x)``, ``s`` being a tenth of the largest value of ``Aᵀy``."""
    from deepinv.optim import FISTA, L2, TVPrior

    physics, y = problem.physics, problem.y
    v = torch.randn_like(problem.x)
    for _ in range(30):
        v = physics.A_adjoint(physics.A(v))
        norm = float(v.norm())
        v = v / norm
    strength = weight * float(physics.A_adjoint(y).abs().max()) / 10
    solver = FISTA(
        data_fidelity=L2(),
        prior=TVPrior(n_it_max=20),
        lambda_reg=strength,
        stepsize=0.95 / norm,
        max_iter=ITERATIONS[problem.rows],
    )
    with torch.no_grad():
        made: Tensor = solver(y, physics)
    return made


def rows_of(problem: Problem) -> Iterator[Row]:
    where = problem.rows, problem.measured, problem.name
    if problem.rows == "ct":
        yield Row(*where, "fbp", psnr(problem.physics.A_dagger(problem.y), problem.x), 0.0)
    began = time.monotonic()
    found = total_variation(problem, WEIGHTS[problem.measured])
    yield Row(*where, "tv", psnr(found, problem.x), time.monotonic() - began)
    for title, method, options in problem.methods:
        result = restore(problem.y, problem.physics, method, data_range=(0, 1), device="cpu", full=True, **options)
        note = "as it came" if any("as it came" in note for note in result.notes) else ""
        yield Row(*where, title, psnr(result.image, problem.x), result.seconds, note if title != "as it came" else "")


def tune(problems: Iterator[Problem]) -> None:
    found: dict[str, dict[float, list[float]]] = {}
    for problem in problems:
        for weight in GRID[problem.rows]:
            quality = psnr(total_variation(problem, weight), problem.x)
            found.setdefault(problem.measured, {}).setdefault(weight, []).append(quality)
    for measured, by_weight in found.items():
        means = {weight: float(np.mean(values)) for weight, values in by_weight.items()}
        print(measured, max(means, key=lambda weight: means[weight]), {k: round(v, 2) for k, v in means.items()})


def means(rows: list[Row]) -> list[Row]:
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.rows, row.measured, row.method), []).append(row)
    return [
        Row(kind, measured, f"mean of {len(of)}", method, float(np.mean([row.psnr for row in of])),
            float(np.mean([row.seconds for row in of])))
        for (kind, measured, method), of in groups.items()
    ]  # fmt: skip


KINDS: dict[str, Callable[[dict[str, Tensor]], Iterator[Problem]]] = {"cs": sensed, "ct": scanned}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--images", nargs="*", default=[], help="file names; all by default")
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--tune", action="store_true", help="the weights of total variation")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--name", default="sensing")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.tune:
        truths = list(gray(given.data, "bsd68", given.side, given.images).items())
        for kind in given.rows:
            few = dict(truths[: TUNED_ON[kind]])
            tune(problem for problem in KINDS[kind](few) if problem.name in few)
        return
    truths, rows = gray(given.data, "set11", given.side, given.images), []
    title = "Denoisers inside compressed sensing and tomography"
    for kind in given.rows:
        for problem in KINDS[kind](truths):
            for row in rows_of(problem):
                rows.append(row)
                print(row, flush=True)
            report([*means(rows), *rows], given.name, given.out, title, quiet=True)
    report([*means(rows), *rows], given.name, given.out, title)


if __name__ == "__main__":
    main()
