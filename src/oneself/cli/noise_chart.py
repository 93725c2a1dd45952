"""A picture of a picture's noise: its level against brightness, how neighbours share it, and its spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from oneself.noise import PatchNoise, estimate_patch_noise

__all__ = ["chart", "check_chart"]

Array = NDArray[np.float64]
SIDE = 16  # of the blocks that are measured: what the spectrum and the correlation reach
WIDTH, HEIGHT, MARGIN = 460, 320, 56  # pixels of a panel, and around what is drawn in it
INKS = ("#1f5fbf", "#c8501e")


@dataclass(frozen=True)
class Panel:
    """Lines over a common axis: ``lines`` by name, each as long as ``x``."""

    title: str
    across: str
    x: Array
    lines: dict[str, Array]


def check_chart(path: Path, shape: Sequence[int]) -> None:
    """Refuse a chart that could not be made of ``(C, *spatial)``, or written. Raises OSError or ValueError."""
    if path.suffix.lower() != ".png":
        raise ValueError(f"info(--plot {str(path)!r}): it is written as PNG. Give a name that ends in .png.")
    if path.exists():
        raise FileExistsError(f"info(--plot {str(path)!r}): it is there already. Name another file.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"info(--plot {str(path)!r}): there is no such folder. Make it, or name another.")
    if len(shape) != 3 or min(shape[1:]) < 2 * SIDE:
        raise ValueError(
            f"info(--plot {str(path)!r}): {tuple(shape[1:])} is no picture of {2 * SIDE} pixels or more along either "
            "side. Leave --plot out."
        )


def chart(x: NDArray[np.floating], low: float, high: float) -> Image.Image:
    """The noise of a picture ``(C, H, W)``, whose 0 and 1 are ``low`` and ``high`` in the file's units."""
    noise = estimate_patch_noise(x, SIDE)
    panels = (_by_brightness(noise, x, low, high), _by_distance(noise), _by_frequency(noise, high - low))
    sheet = Image.new("RGB", (WIDTH * len(panels), HEIGHT), "white")
    for number, panel in enumerate(panels):
        _draw(ImageDraw.Draw(sheet), panel, number * WIDTH)
    return sheet


def _by_brightness(noise: PatchNoise, x: NDArray[np.floating], low: float, high: float) -> Panel:
    brightness = np.linspace(noise.low, noise.high, 60)
    level = noise.level(x) * np.sqrt(noise.at(brightness) / noise.at(x.mean(axis=0)).mean())
    return Panel("standard deviation", "brightness", low + brightness * (high - low), {"": level * (high - low)})


def _by_distance(noise: PatchNoise) -> Panel:
    lags = np.arange(SIDE // 2 + 1)
    turns = np.cos(
        np.pi * np.outer(lags, np.arange(SIDE) + 0.5) / SIDE
    )  # a frequency's share in products that far apart
    power = noise.power[0] / noise.power[0].sum()
    lines = {"down": turns @ power.sum(axis=1), "across": turns @ power.sum(axis=0)}
    return Panel("correlation", "pixels apart", lags.astype(float), lines)


def _by_frequency(noise: PatchNoise, width: float) -> Panel:
    frequency = np.arange(SIDE) / (2 * SIDE)
    channels = np.einsum("ca,aij->ij", np.linalg.inv(noise.axes) ** 2, noise.power) / len(noise.axes)
    lines = {"down": np.sqrt(channels.mean(axis=1)) * width, "across": np.sqrt(channels.mean(axis=0)) * width}
    return Panel("spectrum (root of the power)", "cycles a pixel", frequency, lines)


def _draw(draw: ImageDraw.ImageDraw, panel: Panel, left: int) -> None:
    box = (left + MARGIN, MARGIN // 2, left + WIDTH - MARGIN // 2, HEIGHT - MARGIN)
    every = np.concatenate(list(panel.lines.values()))
    bottom, top = min(0.0, float(every.min())), max(1e-9, float(every.max())) * 1.05
    first, last = float(panel.x[0]), max(float(panel.x[-1]), float(panel.x[0]) + 1e-9)
    draw.text((box[0], 2), panel.title, fill="black")
    draw.text((box[0] + (box[2] - box[0]) // 3, HEIGHT - MARGIN // 2), panel.across, fill="black")
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        down, right = box[3] - share * (box[3] - box[1]), box[0] + share * (box[2] - box[0])
        draw.line((box[0], down, box[2], down), fill="#dddddd")
        draw.text((left + 4, down - 6), f"{bottom + share * (top - bottom):.3g}", fill="black")
        draw.text((right - 8, box[3] + 6), f"{first + share * (last - first):.3g}", fill="black")
    for number, (name, values) in enumerate(panel.lines.items()):
        xs = box[0] + (panel.x - first) / (last - first) * (box[2] - box[0])
        ys = box[3] - (values - bottom) / (top - bottom) * (box[3] - box[1])
        draw.line(list(zip(xs.tolist(), ys.tolist(), strict=True)), fill=INKS[number], width=2)
        draw.text((box[2] - 60, box[1] + 4 + 14 * number), name, fill=INKS[number])
