"""What the gallery's scripts share: small crops of scikit-image's pictures, noise, and how curves are drawn."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from skimage import data, transform
from torch import Tensor

matplotlib.use("Agg")
HERE = Path(__file__).parent
COLOURS = ("#0b5394", "#cc4125", "#38761d", "#7f6000", "#674ea7")


def camera(side: int) -> Tensor:
    """The head and camera of the photographer, ``(1, 1, side, side)`` in [0, 1], shrunk without aliasing."""
    crop = data.camera()[60:316, 130:386] / 255
    return torch.from_numpy(transform.resize(crop, (side, side), anti_aliasing=True)).float()[None, None]


def noise(like: Tensor, level: float, seed: int = 0) -> Tensor:
    """Gaussian noise of a level in units of the [0, 1] range."""
    return level * torch.randn(like.shape, generator=torch.Generator().manual_seed(seed))


def psnr(x: Tensor, truth: Tensor) -> float:
    """In dB, of values cut to [0, 1]."""
    return float(-10 * (x.clamp(0, 1) - truth).square().mean().log10())


def smoothed(values: list[float], width: int = 15) -> np.ndarray:
    """A curve's running median: an optimiser's spikes are not what a figure is about."""
    padded = np.pad(np.asarray(values, float), width // 2, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=-1)


def write(figure: Figure, name: str, colours: int | None = None) -> None:
    """The figure as a PNG beside the scripts; of so many colours at most, which pictures need to be small."""
    figure.savefig(HERE / name, dpi=110, bbox_inches="tight")
    if colours is not None:
        with Image.open(HERE / name) as made:
            small = made.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
        small.save(HERE / name, optimize=True)
    print(f"wrote {name}, {(HERE / name).stat().st_size // 1000} kB")
