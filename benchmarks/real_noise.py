"""Photographs: noise that neighbours and channels share, from simulated cameras and from real ones.

    python benchmarks/real_noise.py --pairs PATH/sidd PATH/polyu PATH/fmdd --methods noisy nlm bm3d nonlocal_coloured

Told the true level: `nlm` (scikit-image's non-local means, patches of 5, distance 11, h = σ) and `bm3d` (the bm3d
package, where it is installed; for measuring only). Told nothing: every other method, `auto` among them. The cameras
are those of `CAMERAS`, on crops of scikit-image's pictures; settings were tuned on such pictures. The last row of each
set and method is the mean; `worst` is what the picture with the least gain has over its input.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from skimage.restoration import denoise_nl_means
from torch import Tensor

from denoising import Case, bm3d, means, one
from measuring import Row, pairs, pictures, quality, report
from oneself.drawing.camera import Camera

CAMERAS = {
    "telephone, ISO 3200": Camera(
        iso=3200, electrons=4000, read=2, quality=None, demosaicking="bilinear", contrast=0.0
    ),
    "telephone, ISO 800": Camera(iso=800, electrons=4000, read=2, quality=None, contrast=0.0),
    "camera, ISO 400": Camera(iso=400, quality=95),
    "camera, ISO 1600, smoothed": Camera(iso=1600, sharpness=-0.5, quality=95),
    "camera, ISO 1600, JPEG of 80": Camera(iso=1600, sharpness=-0.7, quality=80, halved=True),
    "camera, ISO 6400": Camera(iso=6400, sharpness=-0.3, quality=92, halved=True),
}
COLOURED = ["astronaut", "chelsea", "coffee"]


def main() -> None:
    given = arguments()
    torch.set_num_threads(given.threads)
    rows: list[Row] = []
    for case in cases(given):
        for method in given.methods:
            rows.append(measured(method, case))
            print(rows[-1], flush=True)
        report([*rows, *means(rows)], given.name, given.out, given.title, quiet=True)
    report([*rows, *(worst(row, rows) for row in means(rows))], given.name, given.out, given.title)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, nargs="*", default=[], help="folders of real noise with its reference")
    parser.add_argument("--cameras", nargs="*", default=list(CAMERAS), help="simulated ones; all unless given")
    parser.add_argument("--side", type=int, default=256, help="side of the middle crop")
    classical = ["noisy", "nlm", *(["bm3d"] if find_spec("bm3d") else [])]
    parser.add_argument("--methods", nargs="+", default=[*classical, "nonlocal_coloured", "auto"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="real_noise")
    parser.add_argument("--title", default="Noise that neighbours share")
    parser.add_argument("--out", type=Path, help="folder for the table")
    return parser.parse_args()


def cases(given: argparse.Namespace) -> Iterator[Case]:
    """Every picture by every camera, and the real pairs."""
    for name in given.cameras:
        for seed, (picture, x) in enumerate(pictures(None, COLOURED, given.side).items()):
            shot = CAMERAS[name].take(x, seed)
            yield Case(picture, name, shot.truth, shot.noisy)
    for folder in given.pairs:
        for picture, (truth, noisy) in pairs(folder, given.side).items():
            yield Case(picture, folder.name, truth, noisy)


def measured(method: str, case: Case) -> Row:
    if method not in TOLD:
        return one(method, case, None)
    began = time.monotonic()
    x = TOLD[method](case.y, case.sigma)
    return Row(case.picture, case.noise, method, *quality(x, case.truth), 0, 0.0, time.monotonic() - began, 0.0)


def non_local_means(y: Tensor, sigma: float) -> Tensor:
    pixels = y[0].permute(1, 2, 0).double().numpy()
    one_channel = pixels.shape[2] == 1
    x = denoise_nl_means(
        pixels[..., 0] if one_channel else pixels,
        patch_size=5,
        patch_distance=11,
        h=sigma,
        sigma=sigma,
        channel_axis=None if one_channel else -1,
    )
    return torch.from_numpy(np.atleast_3d(x)).permute(2, 0, 1)[None].float()


TOLD = {"nlm": non_local_means, "bm3d": bm3d}


def worst(mean: Row, rows: list[Row]) -> Row:
    """The mean of a set and method, with what its least successful picture gained over the input."""
    own = {row.picture: row.psnr for row in rows if (row.noise, row.method) == (mean.noise, mean.method)}
    before = {row.picture: row.psnr for row in rows if (row.noise, row.method) == (mean.noise, "noisy")}
    gains = [own[picture] - before[picture] for picture in own if picture in before]
    return Row(**{**vars(mean), "note": f"worst {min(gains):+.2f} dB" if gains else ""})


if __name__ == "__main__":
    main()
