"""The noise of patches as filters count with it, and a look at what was taken off."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from oneself.noise import FOLLOWS, REPEATS, PatchNoise, estimate_patch_noise, long_correlation, shared_direction

__all__ = ["brightness_curve", "measured_noise", "middle", "pixels", "structure_in"]

LOOKED_AT = 768  # pixels of the middle, along both axes


def measured_noise(y: Tensor, side: int, sigma: float | None, caller: str) -> tuple[PatchNoise, tuple[str, ...]]:
    """The noise of patches of ``side``² as it is measured, of level ``sigma`` where that is given, and a note where it
    is not.

    It is counted up to twice where most places hold nothing but noise: an estimate that keeps some of it misleads the
    filters of the next pass there, and there is little else to lose.
    """
    measured = pixels(y)
    noise = estimate_patch_noise(measured, side)
    level, counted = noise.level(measured), noise.scaled(1 + noise.plain)
    if sigma is not None:
        return counted.scaled((sigma / level) ** 2), ()
    return counted, (f"{caller}: sigma was not given; estimated: {noise.words(measured)}",)


def structure_in(y: Tensor, x: Tensor) -> float:
    """How much of the picture is in what was taken off ``y`` to leave ``x``: above 1, it was no noise alone.

    It runs along the picture's own lines, or repeats itself.
    """
    removed, kept = pixels(middle(y) - middle(x)), pixels(middle(x))
    return max(shared_direction(removed, kept) / FOLLOWS, long_correlation(removed) / REPEATS)


def middle(x: Tensor) -> Tensor:
    """The middle of a picture, ``(1, C, H, W)``, which tells enough of its structure."""
    top, left = (max(0, (n - LOOKED_AT) // 2) for n in x.shape[2:])
    return x[:, :, top : top + LOOKED_AT, left : left + LOOKED_AT]


def pixels(x: Tensor) -> Any:
    """``(C, H, W)``, as an array."""
    return x[0].cpu().numpy()


def brightness_curve(noise: PatchNoise, brightness: Tensor) -> Tensor:
    """The curve of the noise at each brightness, of its shape."""
    return torch.from_numpy(noise.at(brightness.cpu().numpy())).to(brightness)
