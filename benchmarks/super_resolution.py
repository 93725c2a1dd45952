"""Super-resolution by ZSSR against cubic interpolation, on pictures with a known truth.

The low-resolution picture is the truth cropped to a multiple of the scale, shrunk by `Resize` (as MATLAB's imresize
shrinks) and rounded to 8 bits. PSNR is of the luma (BT.601, 16-235) rounded to 8 bits, `scale` pixels cut off each
border, as is customary for these sets.

    python benchmarks/super_resolution.py --data PATH/set5 --json results.json
    python benchmarks/super_resolution.py --data PATH/set14 --images comic.bmp zebra.bmp --option steps=300
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import torch
from torch import Tensor

from oneself.core import Run
from oneself.recipes.zssr import zssr
from oneself.physics import Resize


def main() -> None:
    given = arguments()
    if given.threads:
        torch.set_num_threads(given.threads)
    paths = [given.data / name for name in given.images] or sorted(p for p in given.data.iterdir() if p.is_file())
    rows = []
    print(f"{'picture':24} {'size':>11} {'cubic dB':>9} {'zssr dB':>9} {'gain':>6} {'steps':>6} {'seconds':>8}")
    for path in paths:
        rows.append(measure(path, given))
        show(rows[-1])
    if len(rows) > 1:
        show({"picture": "mean", "size": "", **{key: mean(rows, key) for key in ("cubic", "zssr", "steps", "seconds")}})
    if given.json:
        given.json.write_text(
            json.dumps({"scale": given.scale, "options": given.option, "rows": rows}, indent=1) + "\n"
        )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of true pictures")
    parser.add_argument("--images", nargs="*", default=[], help="names in it; all of them by default")
    parser.add_argument("--scale", type=float, default=2.0)
    parser.add_argument("--corner", type=int, help="use only the upper left corner of this side")
    parser.add_argument("--preset", help="a preset of the method")
    parser.add_argument("--option", nargs="*", default=[], metavar="NAME=VALUE", help="options of the method")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="processor cores to use; all by default")
    parser.add_argument("--json", type=Path, help="file for the results")
    return parser.parse_args()


def measure(path: Path, given: argparse.Namespace) -> dict[str, Any]:
    """One picture's row."""
    truth, operator = read(path, given.scale, given.corner), Resize(given.scale)
    y = (operator.A(truth).clamp(0, 1) * 255).round() / 255
    run = Run(zssr, y, operator, seed=given.seed, preset=given.preset, **dict(map(parsed, given.option)))
    result = run.finish()
    border = math.ceil(given.scale)
    return {
        "picture": path.stem,
        "size": f"{truth.shape[-1]}x{truth.shape[-2]}",
        "cubic": psnr(operator.enlarge(y), truth, border),
        "zssr": psnr(result.image, truth, border),
        "steps": result.steps,
        "seconds": result.seconds,
    }


def read(path: Path, scale: float, corner: int | None) -> Tensor:
    """``(1, 3, H, W)`` in [0, 1], cropped so that it can be shrunk without a remainder where the scale is whole."""
    picture = torch.from_numpy(imageio.imread(path, mode="RGB").copy()).permute(2, 0, 1)[None].float() / 255
    picture = picture[..., :corner, :corner]
    whole = int(scale) if scale.is_integer() else 1
    height, width = (n // whole * whole for n in picture.shape[2:])
    return picture[..., :height, :width]


def luma(picture: Tensor) -> Tensor:
    weights = picture.new_tensor([65.481, 128.553, 24.966]).reshape(1, 3, 1, 1)
    return ((picture.clamp(0, 1) * 255).round() / 255 * weights).sum(1).add(16).round()


def psnr(picture: Tensor, truth: Tensor, border: int) -> float:
    within = (..., slice(border, -border), slice(border, -border))
    return float(10 * torch.log10(255**2 / (luma(picture) - luma(truth))[within].square().mean()))


def parsed(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value.lower() if value in ("True", "False", "None") else value)
    except json.JSONDecodeError:
        return name, value


def mean(rows: list[dict[str, Any]], key: str) -> float:
    return sum(row[key] for row in rows) / len(rows)


def show(row: dict[str, Any]) -> None:
    print(
        f"{row['picture']:24} {row['size']:>11} {row['cubic']:9.2f} {row['zssr']:9.2f} "
        f"{row['zssr'] - row['cubic']:+6.2f} {row['steps']:6.0f} {row['seconds']:8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
