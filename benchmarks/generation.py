"""New pictures from one: how alike their patches are to the source's, how various they are, and what they cost.

    python benchmarks/generation.py --data DATA/singles --out benchmarks/results          # three at 64 px, on a CPU
    python benchmarks/generation.py --data DATA/singles --pictures ALL --side 200         # all, for a GPU

`swd` (sliced Wasserstein distance of 7 x 7 patches at three scales), `completeness` (from the source's patches to the
nearest made ones) and `coherence` (the other way) are 0 at best and in hundredths of the [0, 1] range; `diversity` is
the standard deviation of a pixel over the samples relative to that of the source's pixels, and `copy` the distance of a
sample of twice the width from any whole copy of the source, wrapped or not (0: a copy, 1.4: unrelated). `psnr` is the
reconstruction's: of singan and patch_transport from the fixed noise, of sinddm and patch_diffusion from the picture
made coarse, of sinfusion from the picture made noisy.
`sifid` (Fréchet distance of deep features) is there where weights are given: `--inception FILE` with those of
torchvision's inception_v3. Baselines: `blocks` shuffles blocks of 16 x 16 (they copy, and have seams); `patches` is
nearest-patch voting over a pyramid.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from inception import read_weights, sifid
from measuring import CROPS, _read, report
from oneself.operators.resize import resize
from oneself.tasks.generation import Training
from oneself.testing import psnr
from patches import (
    coherence,
    completeness,
    diversity,
    nearest_patches,
    shuffled_blocks,
    sliced_wasserstein,
    whole_copy,
)

QUICK = ("balloons", "cows", "starry_night")
Sample = Callable[[tuple[int, int], int], Tensor]
Distance = Callable[[Tensor, Tensor], float]


@dataclass(frozen=True)
class Row:
    """One maker on one picture; ``train`` and ``sample`` (of one picture) in seconds."""

    picture: str
    method: str
    swd: float
    completeness: float
    coherence: float
    diversity: float
    copy: float
    psnr: float | str
    sifid: float | str
    steps: int | str
    train: float
    sample: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder of pictures; scikit-image's otherwise")
    parser.add_argument("--pictures", nargs="+", default=list(QUICK), help="names without ending, or ALL")
    parser.add_argument("--side", type=int, default=64, help="shorter side to which pictures are shrunk")
    parser.add_argument("--methods", nargs="+", default=["blocks", "patches", "patch_transport"])
    parser.add_argument("--samples", type=int, default=9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device")
    parser.add_argument("--inception", type=Path, help="weights of torchvision's inception_v3; no SIFID without")
    parser.add_argument("--sheets", type=Path, help="a folder for contact sheets")
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=VALUE", help="options of the methods")
    parser.add_argument("--name", default="generation")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    deep = None if given.inception is None else sifid(read_weights(given.inception))
    rows = []
    for name, source in sources(given.data, given.pictures, given.side).items():
        for method in given.methods:
            rows.append(measured(name, method, source, given, deep))
            print(rows[-1], flush=True)
    report(rows, given.name, given.out, "Pictures generated from one")


def sources(data: Path | None, names: list[str], side: int) -> dict[str, Tensor]:
    """Pictures shrunk so that their shorter side is ``side``."""
    if data is None:
        import skimage

        found = {name: getattr(skimage.data, name)()[CROPS[name]] for name in ("astronaut", "chelsea", "coffee")}
    else:
        paths = {path.stem: path for path in sorted(data.iterdir()) if path.is_file()}
        found = {name: _read(paths[name]) for name in (paths if names == ["ALL"] else names)}
    return {name: small(pixels, side) for name, pixels in found.items()}


def small(pixels: np.ndarray, side: int) -> Tensor:
    x = torch.from_numpy(np.ascontiguousarray(pixels[..., :3].transpose(2, 0, 1))).float()[None] / 255
    factor = side / min(x.shape[2:])
    return resize(x, [round(n * factor) for n in x.shape[2:]]).clamp(0, 1)


def measured(name: str, method: str, source: Tensor, given: argparse.Namespace, deep: Distance | None) -> Row:
    size = (source.shape[2], source.shape[3])
    train, steps, learned = 0.0, "", ""
    if method in BASELINES:
        draw = BASELINES[method](source)
    else:
        options = dict(read(text) for text in given.set)
        training = Training(source, method, seed=given.seed, device=given.device, **options)
        result = training.run.finish()
        model = training.model()
        train, steps, learned = result.seconds, result.steps, psnr(result.image.clamp(0, 1).cpu(), source)
        draw = lambda size, number: model.draw(size, seed=given.seed, number=number).cpu()  # noqa: E731
    began = time.monotonic()
    made = torch.cat([draw(size, number) for number in range(given.samples)])
    sample = (time.monotonic() - began) / given.samples
    wide = [draw((size[0], 2 * size[1]), number) for number in (100,)]
    if given.sheets is not None:
        sheet(source, made, wide[0], given.sheets / f"{name}-{method}.png")
    told = [[f(one[None], source) for one in made] for f in (sliced_wasserstein, completeness, coherence)]
    swd, complete, coherent = (100 * sum(values) / len(values) for values in told)
    copies = min(whole_copy(one, source) for one in wide)
    apart = "" if deep is None else sum(deep(one[None], source) for one in made) / len(made)
    return Row(
        name, method, swd, complete, coherent, diversity(made, source), copies, learned, apart, steps, train, sample
    )


BASELINES: dict[str, Callable[[Tensor], Sample]] = {
    "blocks": lambda source: lambda size, number: shuffled_blocks(source, size, seed=number),
    "patches": lambda source: lambda size, number: nearest_patches(source, size, seed=number),
    "source": lambda source: (
        lambda size, number: source.repeat(1, 1, 1, -(-size[1] // source.shape[3]))[..., : size[1]]
    ),
}


def read(text: str) -> tuple[str, int | float | bool | str]:
    """``steps=300`` as a name and a value."""
    name, value = text.split("=")
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            pass
    return name, {"true": True, "false": False}.get(value, value)


def sheet(source: Tensor, made: Tensor, wide: Tensor, path: Path, zoom: int = 3) -> None:
    """The source and seven samples, and a wide one below."""
    import imageio.v3 as imageio

    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [torch.cat([source, *made[:3, None]], dim=3), torch.cat(list(made[3:7, None]), dim=3)]
    rows.append(torch.cat([wide, *made[7:9, None]], dim=3))
    picture = torch.cat(rows, dim=2)[0].clamp(0, 1).permute(1, 2, 0).numpy()
    imageio.imwrite(path, (255 * picture).round().astype(np.uint8).repeat(zoom, 0).repeat(zoom, 1))


if __name__ == "__main__":
    main()
