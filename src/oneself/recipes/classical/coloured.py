"""The noise of patches as filters count with it, passes over groups of patches that do, and a look at what was taken
off."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.core import Stage
from oneself.inputs import SimilarPatches
from oneself.noise import FOLLOWS, REPEATS, PatchNoise, estimate_patch_noise, long_correlation, shared_direction
from oneself.recipes.classical.groups import GroupPass, Turn, around_pilot

__all__ = ["brightness_curve", "coloured_passes", "measured_noise", "middle", "pixels", "structure_in"]

FIRST = 18  # patches of a group of the first pass, whose risk is estimated from the noisy ones alone
AROUND = 5  # pixels over which brightness is averaged before there is an estimate
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


def coloured_passes(
    y: Tensor, noise: PatchNoise, *, passes: int, similar: int, reach: int, stride: int, notes: Sequence[str] = ()
) -> Generator[Stage, Stage, Tensor]:
    """Groups of similar patches of ``y``, ``(1, C, H, W)``, filtered against noise of that covariance, each pass around
    what the one before left; returns what the last one left."""
    side = noise.power.shape[1]
    axes, white, back = (torch.from_numpy(a).to(y) for a in (noise.axes, *noise.whitening()))
    turn, step = Turn(axes, torch.linalg.inv(axes), white, back), min(stride, side)
    x: Tensor | None = None
    for number in range(passes):
        start = [int(torch.randint(step, ())) for _ in range(2)]
        groups = SimilarPatches(y.shape[2:], patch=side, reach=reach, stride=step, start=start)
        count = min(FIRST, similar, y.shape[1] * side**2 // 2) if x is None else similar
        variance = _variance(noise, y if x is None else x, smooth=x is None)
        told = () if number else notes
        x = (yield GroupPass(y, x, turn, variance, groups, count, around_pilot, told)).estimate()
    return y if x is None else x


def _variance(noise: PatchNoise, x: Tensor, smooth: bool) -> Tensor:
    """The curve of the noise at every pixel of an estimate, ``(1, 1, H, W)``; ``smooth`` where that is still noisy."""
    brightness = x.mean(1, keepdim=True)
    if smooth:
        brightness = F.avg_pool2d(brightness, AROUND, 1, AROUND // 2, count_include_pad=False)
    return brightness_curve(noise, brightness)


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
