"""Pictures to look at, 8 bit: what a run has so far, and before and after side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself import io
from oneself.core import Step
from oneself.io import Picture

__all__ = ["Preview", "Shades", "check_snapshot", "side_by_side", "snapshot", "write_snapshot"]

EVERY = 3.0  # seconds between two previews, or twenty times what one costs
GAP = 8  # white pixels between before and after
Shown = np.ndarray[Any, np.dtype[np.uint8]]


class Shades:
    """Which values are shown black and white: the ``limits``, else all of the picture before but its extremes.

    ``gamma`` under 1 brightens.
    """

    def __init__(self, before: Tensor, limits: tuple[float, float] | None = None, gamma: float = 1.0) -> None:
        values = before.detach().float().flatten()[:: max(1, before.numel() // 2**20)]
        if limits is None:
            low, high = torch.quantile(values, torch.tensor([0.001, 0.999])).tolist()
            limits = low, high
        self.low, self.high = limits
        self.gamma = gamma
        if self.high <= self.low:
            self.low, self.high = 0.0, 1.0

    def __call__(self, x: Tensor) -> Shown:
        """``(1, C, *spatial)`` as ``(Y, X)`` or ``(Y, X, 3)``: the middle slice, and one channel unless there are 3."""
        image = x.detach()[0].float().cpu()
        while image.ndim > 3:
            image = image[:, image.shape[1] // 2]
        image = ((image - self.low) / (self.high - self.low)).clamp(0, 1) ** self.gamma
        shown = (255 * image.nan_to_num()).round().to(torch.uint8).numpy()
        return np.ascontiguousarray(shown.transpose(1, 2, 0) if len(shown) == 3 else shown[0])


def check_snapshot(path: Path, flag: str, overwrite: bool) -> None:
    """Refuse, before any work, a picture to look at that could not be written."""
    blank = Picture(np.zeros((2, 2, 3), np.uint8), "YXC")
    try:
        io.check_output(blank, path, overwrite=overwrite)
    except (ValueError, OSError) as error:
        raise type(error)(f"{flag} {error}") from error


def snapshot(shown: Shown) -> Picture:
    """What is looked at, as a picture."""
    return Picture(shown, "YXC" if shown.ndim == 3 else "YX")


def write_snapshot(shown: Shown, path: Path, overwrite: bool = True) -> None:
    """Write it whole or not at all, in place of the one before."""
    io.write(snapshot(shown), path, overwrite=overwrite)


def side_by_side(before: Tensor, after: Tensor, shades: Shades, zoom: int = 1) -> Shown:
    """Before (enlarged to the size of after) and after, with a white gap between."""
    if before.shape[2:] != after.shape[2:]:
        before = torch.nn.functional.interpolate(before.float(), size=tuple(after.shape[2:]), mode="nearest")
    left, right = (np.repeat(np.repeat(shades(x), zoom, 0), zoom, 1) for x in (before, after))
    gap = np.full((left.shape[0], GAP, *left.shape[2:]), 255, np.uint8)
    return np.concatenate([left, gap, right], axis=1)


class Preview:
    """Refreshes a picture of what a run has so far, every few seconds; looking changes nothing.

    ``write`` writes it.
    """

    def __init__(
        self,
        write: Callable[[Shown], None],
        finish: Callable[[Tensor], Tensor],
        shades: Shades,
        warn: Callable[[str], None],
    ) -> None:
        self.write, self.finish, self.shades, self.warn = write, finish, shades, warn
        self._next = time.monotonic()

    def __call__(self, step: Step) -> None:
        began = time.monotonic()
        if began < self._next:
            return
        try:
            self.write(self.shades(self.finish(step.seen)))
        except io.SavedAside as error:
            error.path.unlink(missing_ok=True)
            self._stop(error)
        except Exception as error:  # looking ends no run
            self._stop(error)
        else:
            now = time.monotonic()
            self._next = now + max(EVERY, 20 * (now - began))

    def _stop(self, error: Exception) -> None:
        self.warn(f"no more previews: {error}")
        self._next = float("inf")
