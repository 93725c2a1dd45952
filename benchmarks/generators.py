"""Generators and denoisers as priors: what each method makes of pictures of the prior's own kind, and of others.

    python benchmarks/generators.py --rows digits
    python benchmarks/generators.py --data PATH --rows loading faces scores --out results
    python benchmarks/generators.py --data PATH --rows faces scores --device cuda --workers 12 --out results

`--data` holds `weights` and `priors`; files of weights are found by their SHA-256. Without it `digits` alone is run,
with the priors that the package ships, on digits of scikit-learn that they have not seen. Rows:

- `loading`: samples of every public generator, as a picture, and what the denoisers that are priors remove.
- `digits`: compressed sensing, a hole, and half the size, with the shipped priors; 8 digits.
- `faces`: the colour generator of faces of 64 x 64 on real ones, which lie outside of its range: compressed sensing
  (500 Gaussian measurements of 12 288; half of the Fourier coefficients, with noise of 10/255), a hole of 20 x 20, and
  a fourth and an eighth of the size; and on as many of its own samples: compressed sensing.
- `scores`: the denoiser of gray faces of 40 x 40 on real ones: compressed sensing (half of the Fourier coefficients
  with noise), a hole, half the size.
- `story`: the survey's Figure S3 with digits: compressed sensing (20 of 64) of unseen ones and of the same mirrored,
  which the shipped generator cannot make; from left to right the digit, `A+y`, `dip`, `csgm`, `iagan`.

Measurements have no noise but where the row says so. Beside the methods: the smallest picture that explains the
measurement (`A+y`), and the deep image prior. Settings were tuned on the last of the 64 faces; rows are of the first.
"""

from __future__ import annotations

import argparse
import io
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from measuring import quality, report, table
from oneself import Run
from oneself.networks.pretrained import KNOWN, SHIPPED, load_weights
from oneself.networks.pretrained.files import digest
from oneself.operators import Resize, least_norm, project
from oneself.testing import Mask

FRAME = (0, 20, 178, 198)  # of an aligned face of CelebA, what the generator's own faces show
GENERATORS = ("csgm", "iagan", "iagan+bp", "ilo", "pti", "dgp")
SCORES = ("implicit_prior", "ddpg", "adir")
NEED_SIGMA = ("ddpg", "adir")  # the level of the noise, told


class Gaussian:
    """``count`` random projections of pictures of ``size``, as ``(B, 1, count, 1)``; rows of unit length on average."""

    def __init__(self, count: int, size: tuple[int, ...]) -> None:
        chance = torch.Generator().manual_seed(0)
        self.size, pixels = size, int(np.prod(size))
        self.matrix = torch.randn(count, pixels, generator=chance) / count**0.5

    def A(self, x: Tensor) -> Tensor:
        return (x.flatten(1) @ self.matrix.T).reshape(len(x), 1, -1, 1)

    def A_adjoint(self, y: Tensor) -> Tensor:
        return (y.flatten(1) @ self.matrix).reshape(len(y), *self.size)


class Fourier:
    """Half of the Fourier coefficients of pictures of ``size``, each with its conjugate's, as their Hartley transform
    ``Re F − Im F``, which is orthogonal and its own inverse; the others are 0. Measurements have noise of 10/255."""

    noise = 10 / 255

    def __init__(self, size: tuple[int, ...]) -> None:
        chance = torch.rand(size[1:], generator=torch.Generator().manual_seed(0))
        pairs = chance + chance.flip(0, 1).roll((1, 1), (0, 1))  # a frequency and its negative alike
        self.known = (pairs <= pairs.median()).float()

    def A(self, x: Tensor) -> Tensor:
        return self.known * hartley(x)

    def A_adjoint(self, y: Tensor) -> Tensor:
        return hartley(self.known * y)


def hartley(x: Tensor) -> Tensor:
    found = torch.fft.fft2(x, norm="ortho")
    return found.real - found.imag


@dataclass(frozen=True)
class Row:
    """A method on a picture: PSNR in dB and SSIM of the answer cut to [0, 1]."""

    rows: str
    task: str
    picture: str
    method: str
    psnr: float
    ssim: float
    steps: int
    seconds: float
    note: str = ""


def found(folder: Path | None) -> dict[str, Path]:
    """The files of weights of a folder that are known, by name."""
    suffixes = (".pt", ".pth", ".ckpt", ".safetensors")
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in suffixes] if folder else []
    return {KNOWN[sha256].name: path for path in files if (sha256 := digest(path)) in KNOWN}


def faces(data: Path, side: int, gray: bool) -> list[Tensor]:
    """The aligned faces in order, framed as the generator's own, ``(1, C, side, side)``."""
    made = []
    with zipfile.ZipFile(data / "priors" / "celebAtest.zip") as archive:
        for name in sorted(one for one in archive.namelist() if one.endswith(".jpg")):
            shown = Image.open(io.BytesIO(archive.read(name))).convert("L" if gray else "RGB").crop(FRAME)
            pixels = np.asarray(shown.resize((side, side), Image.Resampling.LANCZOS), np.float32) / 255
            made.append(torch.from_numpy(pixels.reshape(side, side, -1).transpose(2, 0, 1).copy())[None])
    return made


def hole(x: Tensor, side: int) -> Mask:
    """What leaves out a square a little above the middle."""
    known, top, left = torch.ones_like(x), x.shape[2] * 3 // 8, (x.shape[3] - side) // 2
    known[..., top : top + side, left : left + side] = 0
    return Mask(known)


def problems(x: Tensor, count: int, square: int, *factors: int) -> dict[str, Any]:
    size = tuple(x.shape[1:])
    return {
        f"{count} projections": Gaussian(count, size),
        "half the frequencies, noise of 10/255": Fourier(size),
        f"hole of {square}": hole(x, square),
        **{f"size / {factor}": Resize(factor) for factor in factors},
    }


def measured(x: Tensor, physics: Any) -> Tensor:
    y: Tensor = physics.A(x)
    noise = getattr(physics, "noise", 0.0)
    return y + physics.known * noise * torch.randn(y.shape, generator=torch.Generator().manual_seed(1)) if noise else y


@dataclass(frozen=True)
class Wanted:
    """What is run: ``count`` pictures of each kind, the named methods and tasks (all where none is named), options of
    the search for a code, and where it is computed."""

    data: Path | None
    count: int
    methods: list[str]
    tasks: list[str]
    search: dict[str, int]
    device: str

    def methods_of(self, *names: str) -> list[str]:
        """``+bp`` comes with the method that it follows."""
        return [name for name in names if not self.methods or name.removesuffix("+bp") in self.methods]

    def tasks_of(self, made: dict[str, Any]) -> dict[str, Any]:
        return {name: one for name, one in made.items() if not self.tasks or any(word in name for word in self.tasks)}

    def prior(self, name: str, generator: Path, denoiser: Path) -> dict[str, Any]:
        """The options of a method that say which prior it has, and how its code is searched."""
        if name in SCORES:
            return {"weights": denoiser}
        if name not in GENERATORS:
            return {}
        steps = "steps" if name == "csgm" else "latent_steps"
        named = {"restarts": "restarts", "steps": steps}
        search = {} if name == "dgp" else {named[name]: value for name, value in self.search.items()}
        return {"generator": generator, **search}

    def folder(self) -> Path:
        if self.data is None:
            raise SystemExit("These rows need --data PATH, with the folders weights and priors.")
        return self.data


@dataclass(frozen=True)
class Problem:
    """One picture, one task, and the methods that are tried on it."""

    rows: str
    picture: str
    x: Tensor
    task: str
    physics: Any
    names: list[str]
    priors: tuple[Path, Path]


def answered(
    one: Problem, name: str, device: str, before: tuple[Row, Tensor] | None, **options: Any
) -> tuple[Row, Tensor]:
    """One row; ``A+y`` stands for no method, and ``+bp`` for back-projection of what the row ``before`` answered."""
    y, began, steps, seconds, note = measured(one.x, one.physics), time.monotonic(), 0, 0.0, ""
    if name == "A+y":
        image = least_norm(one.physics.A, one.physics.A_adjoint, y, steps=500)
    elif name.endswith("+bp"):
        assert before is not None
        image = project(one.physics.A, one.physics.A_adjoint, before[1], y, steps=200)
        steps, seconds = before[0].steps, before[0].seconds
    else:
        given = {**options, **({"sigma": getattr(one.physics, "noise", 0.0)} if name in NEED_SIGMA else {})}
        result = Run(name, y, one.physics, device=device, **given).finish()
        image, steps = result.image.cpu(), result.steps
        note = "held out" if "held_out" in result.stopped_by else ""
    seconds += time.monotonic() - began
    psnr, ssim = quality(image.clamp(0, 1), one.x)
    return Row(one.rows, one.task, one.picture, name, psnr, ssim, steps, seconds, note), image


def unseen_digits(count: int) -> Tensor:
    """Digits of scikit-learn that the shipped priors have not seen, ``(count, 1, 1, 8, 8)``."""
    from sklearn.datasets import load_digits

    return torch.from_numpy(load_digits().images[1500 : 1500 + count]).float()[:, None, None] / 16


def of_digits(wanted: Wanted) -> Iterator[Problem]:
    priors = SHIPPED["digits"], SHIPPED["digits-diffusion"]
    for number, x in enumerate(unseen_digits(wanted.count)):
        for task, physics in wanted.tasks_of(problems(x, 20, 3, 2)).items():
            names = ["A+y", *generators_of(task), *scores_of(task)]
            yield Problem("digits", f"digit {number}", x, task, physics, names, priors)


def generators_of(task: str) -> list[str]:
    """Back-projection is for measurements without noise."""
    return [name for name in GENERATORS if not (name.endswith("+bp") and "noise" in task)]


def scores_of(task: str) -> list[str]:
    """ADIR is for what the picture can be enlarged or filled in from, `implicit_prior` for what has no noise."""
    none = {"implicit_prior": "noise" in task, "adir": "projections" in task or "frequencies" in task}
    return [name for name in SCORES if not none.get(name)]


def of_faces(wanted: Wanted) -> Iterator[Problem]:
    weights = found(wanted.folder() / "weights")["dcgan-faces-64"]
    torch.manual_seed(0)
    with torch.no_grad():
        own = load_weights(weights).network(torch.randn(wanted.count, 100))
    for number, x in enumerate(faces(wanted.folder(), 64, False)[: wanted.count]):
        for task, physics in wanted.tasks_of(problems(x, 500, 20, 4, 8)).items():
            names = ["A+y", "dip", *generators_of(task)]
            yield Problem("faces", f"real {number}", x, task, physics, names, (weights, weights))
    for number, x in enumerate(own[:, None]):
        for task, physics in wanted.tasks_of({"500 projections": Gaussian(500, tuple(x.shape[1:]))}).items():
            names = ["A+y", "dip", *generators_of(task)]
            yield Problem("faces", f"own {number}", x, task, physics, names, (weights, weights))


def of_story(wanted: Wanted) -> Iterator[Problem]:
    """A mirrored 1 or 8 still looks like one; most others are no digits, so the prior cannot make them."""
    priors = SHIPPED["digits"], SHIPPED["digits-diffusion"]
    for number, x in enumerate(unseen_digits(wanted.count)):
        for name, shown in ((f"digit {number}", x), (f"mirrored {number}", x.flip(-1))):
            physics = Gaussian(20, tuple(x.shape[1:]))
            yield Problem("story", name, shown, "20 projections", physics, ["A+y", "dip", "csgm", "iagan"], priors)


def of_scores(wanted: Wanted) -> Iterator[Problem]:
    weights = found(wanted.folder() / "weights")["bf-cnn-faces-40"]
    for number, x in enumerate(faces(wanted.folder(), 40, True)[: wanted.count]):
        for task, physics in wanted.tasks_of(problems(x, 100, 12, 2)).items():
            names = ["A+y", "dip", *scores_of(task)]
            yield Problem("scores", f"real {number}", x, task, physics, names, (weights, weights))


def loading(wanted: Wanted, sheet: list[list[Tensor]]) -> Iterator[Row]:
    """Samples of the generators; of the denoisers the PSNR of what they make of noise."""
    data = wanted.folder()
    torch.manual_seed(0)
    for path in found(data / "weights").values():
        loaded = load_weights(path)
        if loaded.architecture.kind == "generator":
            with torch.no_grad():
                sheet.append(list(loaded.network(torch.randn(8, *loaded.network.latent))[:, None]))
    name = "bf-cnn-faces-40"
    network = load_weights(found(data / "weights")[name]).network
    for level in (0.1, 0.4):
        values = []
        for x in faces(data, 40, True)[:16]:
            with torch.no_grad():
                values.append(quality(network(x + level * torch.randn_like(x)).clamp(0, 1), x))
        psnr, ssim = (float(np.mean([value[k] for value in values])) for k in range(2))
        yield Row("loading", f"noise of {level}", "16 real faces", name, psnr, ssim, 0, 0.0)


def solved(wanted: Wanted, problem: Problem) -> tuple[list[Row], list[Tensor]]:
    """A row for each method on one picture, and the picture and their answers as a line of the sheet."""
    torch.set_num_threads(1)
    made: list[tuple[Row, Tensor]] = []
    for name in wanted.methods_of(*problem.names):
        given = wanted.prior(name, *problem.priors)
        made.append(answered(problem, name, wanted.device, made[-1] if made else None, **given))
        print(made[-1][0], flush=True)
    return [row for row, _ in made], [problem.x, *(image.clamp(0, 1) for _, image in made)]


ROWS: dict[str, Callable[[Wanted], Iterator[Problem]] | None] = {
    "loading": None, "digits": of_digits, "faces": of_faces, "scores": of_scores, "story": of_story,
}  # fmt: skip


def draw(sheet: list[list[Tensor]], path: Path) -> None:
    """Lines of pictures, each enlarged to 96 pixels, with a white rim."""
    lines = []
    for line in sheet:
        shown = [F.interpolate(x.expand(1, 3, -1, -1), 96, mode="nearest") for x in line]
        lines.append(torch.cat([F.pad(x, (2, 2, 2, 2), value=1.0) for x in shown], 3))
    wide = max(line.shape[3] for line in lines)
    whole = torch.cat([F.pad(line, (0, wide - line.shape[3]), value=1.0) for line in lines], 2)
    Image.fromarray((255 * whole[0]).round().byte().permute(1, 2, 0).numpy()).save(path, quality=90)


def summary(rows: list[Row]) -> list[Row]:
    """The means over the pictures of one kind."""
    groups: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        if row.rows != "loading":
            groups.setdefault((row.rows, row.task, row.picture.split()[0], row.method), []).append(row)
    means = []
    for (kind, task, of, method), group in groups.items():
        psnr, ssim, seconds = (float(np.mean([getattr(row, n) for row in group])) for n in ("psnr", "ssim", "seconds"))
        steps = round(sum(row.steps for row in group) / len(group))
        means.append(Row(kind, task, f"{of}, mean of {len(group)}", method, psnr, ssim, steps, seconds))
    return means


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=["digits"])
    parser.add_argument("--count", type=int, default=8, help="pictures of each kind")
    parser.add_argument("--methods", nargs="+", default=[], help="those alone")
    parser.add_argument("--tasks", nargs="+", default=[], help="those alone: projections, hole, size")
    parser.add_argument("--restarts", type=int, help="codes that are searched side by side, in place of the default")
    parser.add_argument("--search", type=int, help="steps at most of that search, in place of the default")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=1, help="problems that are solved side by side")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--name", default="generators")
    given = parser.parse_args()
    search = {name: value for name, value in (("restarts", given.restarts), ("steps", given.search)) if value}
    wanted = Wanted(given.data, given.count, given.methods, given.tasks, search, given.device)
    rows: list[Row] = []
    sheet: list[list[Tensor]] = []
    if "loading" in given.rows:
        rows.extend(loading(wanted, sheet))
    problems_of = [make for kind in given.rows if (make := ROWS[kind]) is not None]
    asked = [problem for make in problems_of for problem in make(wanted)]
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as workers:
        for made, line in workers.map(partial(solved, wanted), asked):
            rows.extend(made)
            sheet.append(line)
            report([*summary(rows), *rows], given.name, given.out, "Generators and denoisers as priors", quiet=True)
    print(table([asdict(row) for row in summary(rows)]))
    if given.out is not None:
        draw(sheet, given.out / f"{given.name}.jpg")


if __name__ == "__main__":
    main()
