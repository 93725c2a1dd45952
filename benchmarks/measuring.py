"""What every benchmark shares: pictures with a known truth, quality, cost, and tables with what made them."""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import skimage
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from oneself import Run
from oneself.cli.allocation import keep_memory
from oneself.core.result import versions

CROPS = {
    "astronaut": (slice(0, 256), slice(100, 356)),
    "chelsea": (slice(20, 276), slice(100, 356)),
    "coffee": (slice(100, 356), slice(150, 406)),
    "camera": (slice(100, 356), slice(100, 356)),
}


@dataclass(frozen=True)
class Row:
    """One method on one picture. ``gflop`` counts multiplications and additions; ``mb`` is the process's peak."""

    picture: str
    noise: str
    method: str
    psnr: float
    ssim: float
    steps: int
    gflop: float
    seconds: float
    mb: float
    note: str = ""


def pictures(data: Path | None, names: Sequence[str], side: int) -> dict[str, Tensor]:
    """True pictures ``(1, C, H, W)`` in [0, 1]: scikit-image's, or a folder's files, their middle ``side``."""
    found = {}
    for name in names or ([] if data else list(CROPS)):
        pixels = _own(name, side) if data is None else _read(data / name)
        found[Path(name).stem] = _middle(pixels, side)
    if data is not None and not names:
        found = {path.stem: _middle(_read(path), side) for path in sorted(data.iterdir()) if path.is_file()}
    return found


def _own(name: str, side: int) -> np.ndarray:
    """A picture of scikit-image, or its crop of 256 pixels where no more are wanted."""
    pixels = getattr(skimage.data, name)()
    return pixels[CROPS[name]] if side <= 256 else pixels


def pairs(folder: Path, side: int) -> dict[str, tuple[Tensor, Tensor]]:
    """Real noise with its reference: the middle ``side`` of each pair (truth, noisy) that a folder holds, by name.

    ``gt/NAME`` and ``raw/NAME`` (FMDD) or ``noisy/NAME``, ``CL/NAME`` and ``RN/NAME``, ``NAME_mean`` and ``NAME_real``
    (PolyU), or ``GT_NAME`` and ``NOISY_NAME`` in folders of their own (SIDD).
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    found = {}
    for path in files:
        partners = (_partner(path, *names) for names in PARTNERS if names[0] in str(path))
        other = next((other for other in partners if other != path and other.is_file()), None)
        if other is not None:
            name = path.parent.name if path.stem.startswith("GT_") else path.stem.removesuffix("_mean")
            found[name] = (_middle(_read(path), side), _middle(_read(other), side))
    return found


PARTNERS = (("/gt/", "/raw/"), ("/gt/", "/noisy/"), ("/CL/", "/RN/"), ("_mean.", "_real."), ("GT_", "NOISY_"))


def _partner(path: Path, truth: str, noisy: str) -> Path:
    return Path(noisy.join(str(path).rsplit(truth, 1)))


def _read(path: Path) -> np.ndarray:
    import imageio.v3 as imageio

    return np.asarray(imageio.imread(path))


def _middle(pixels: np.ndarray, side: int) -> Tensor:
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels[..., :3]
    top, left = (max(0, (n - side) // 2) for n in pixels.shape[:2])
    cut = pixels[top : top + side, left : left + side]
    return torch.from_numpy(np.ascontiguousarray(cut.transpose(2, 0, 1))).float()[None] / 255


def quality(x: Tensor, truth: Tensor) -> tuple[float, float]:
    """PSNR and SSIM of a picture cut to [0, 1]; of a clip over all frames."""
    a, b = (v[0].flatten(0, -3).clamp(0, 1).permute(1, 2, 0).double().numpy() for v in (x, truth))
    return (
        float(peak_signal_noise_ratio(b, a, data_range=1.0)),
        float(structural_similarity(b, a, data_range=1.0, channel_axis=2)),
    )


def timed(method: str, y: Tensor, physics: Any = None, **settings: Any) -> tuple[Any, float, float, float]:
    """Result, seconds, GFLOP and peak MB of a run. FLOPs are counted on one step and on the answer, and
    multiplied; they are not told (NaN) where a run has several stages, whose steps differ."""
    keep_memory()  # as the command line does
    began = time.monotonic()
    result = Run(method, y, physics, **settings).finish()
    seconds = time.monotonic() - began
    alike = len(result.stages) == 1
    gflop = counted(Run(method, y, physics, **settings), result.steps) if alike else float("nan")
    return result, seconds, gflop, result.peak_memory / 2**20


def counted(run: Run, steps: int) -> float:
    """GFLOP of ``steps`` steps of a fresh run and of its answer, counted on the first step and the answer after it."""
    with FlopCounterMode(display=False) as step:
        next(run)
    with FlopCounterMode(display=False) as answer:
        _ = run.answer
    return (step.get_total_flops() * steps + answer.get_total_flops()) / 1e9


def environment() -> dict[str, str]:
    """The machine and the versions that a table was made with, and the command."""
    processor = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), processor)
    script = Path(sys.argv[0])
    told = [a if not Path(a).is_absolute() else f"DATA/{Path(a).name}" for a in sys.argv[1:]]
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {
        "command": shlex.join(["python", f"benchmarks/{script.name}", *told]),
        "processor": f"{processor}, {torch.get_num_threads()} of {os.cpu_count()} cores used",
        "gpu": gpu,
        **versions(),
        "numpy": np.__version__,
        "scikit-image": skimage.__version__,
    }


def report(rows: Sequence[Any], name: str, out: Path | None, title: str, quiet: bool = False) -> None:
    """Print the table (unless ``quiet``); with ``out`` write it as NAME.md and NAME.json there."""
    records = [asdict(row) for row in rows]
    text = table(records)
    if not quiet:
        print(text)
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    about = environment()
    told = "\n".join(f"- {key}: `{value}`" for key, value in about.items())
    (out / f"{name}.md").write_text(f"# {title}\n\n{text}\n\n{told}\n")
    (out / f"{name}.json").write_text(json.dumps({"environment": about, "rows": records}, indent=1) + "\n")


def table(records: Sequence[dict[str, Any]]) -> str:
    """A Markdown table."""
    if not records:
        return "(no rows)"
    columns = [c for c in records[0] if any(r[c] not in ("", None) for r in records)]
    lines = [" | ".join(columns), " | ".join("---" for _ in columns)]
    lines += [" | ".join(_cell(record[c]) for c in columns) for record in records]
    return "\n".join(f"| {line} |" for line in lines)


def _cell(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3f}" if abs(value) < 2 else f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"
