"""Photographs to train on: pictures seen through cameras drawn by chance, resized now and then, and their truth."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from oneself.drawing.camera import Camera
from oneself.pretraining.pool import Pool

__all__ = ["photographed"]

BORDER = 4  # pixels beside a patch, which demosaicking continues by mirroring
SIMPLE = 0.2  # of the patches have Gaussian noise, white or blurred, in place of a camera's
CLEAN = 0.06  # have none
SMALLER, LARGER = 0.25, 0.15  # are resized after they were taken
LOUDEST = 50 / 255  # of the Gaussian noise


def photographed(chance: Generator, pool: Pool, count: int, side: int) -> tuple[Tensor, Tensor]:
    """What cameras would give were there no noise, and what they give; ``(count, 3, side, side)`` each, in [0, 1].

    ``chance`` and ``pool`` are of one device. Cameras differ in size of sensor, amplification, white balance, colours,
    demosaicking, sharpness, tone curve and JPEG; some pictures are resized afterwards, as for a screen; some have
    Gaussian noise, alike in all channels or not, white or blurred, and some none.
    """
    shots = [_shot(chance, pool, side) for _ in range(count)]
    truth, noisy = (torch.cat(pictures).to(pool.pictures.device) for pictures in zip(*shots, strict=True))
    return truth, noisy


def _shot(chance: Generator, pool: Pool, side: int) -> tuple[Tensor, Tensor]:
    kind, sizing = _uniform(chance), _uniform(chance)
    factor = 1.0
    if sizing < SMALLER:
        factor = _between(chance, 0.5, 1.0)
    elif sizing > 1 - LARGER:
        factor = _between(chance, 1.0, 1.6)
    wide = 2 * math.ceil((side / factor + 2 * BORDER) / 2)
    if wide > pool.size:  # too small to be shrunk
        wide, factor = pool.size, max(1.0, factor)
    clean = pool.patches(chance, 1, wide).cpu()
    if kind < CLEAN:
        truth, noisy = clean, clean
    elif kind < CLEAN + SIMPLE:
        truth, noisy = clean, _with_gaussian_noise(chance, clean)
    else:
        shot = _camera(chance).take(clean, seed=int(2**31 * _uniform(chance)))
        truth, noisy = shot.truth, shot.noisy
    return _middle(truth, factor, side), _middle(noisy, factor, side)


def _camera(chance: Generator) -> Camera:
    """Of a telephone (a third) or larger; developed lightly or strongly."""
    lens = _between(chance, 0.4, 1.2)
    small, bilinear, halved, filed = (_uniform(chance) for _ in range(4))
    light: dict[str, Any] = (
        {"iso": _between(chance, 50, 3200, log=True), "electrons": _between(chance, 2500, 8000)}
        if small < 1 / 3
        else {"iso": _between(chance, 100, 12_800, log=True), "electrons": _between(chance, 15_000, 50_000)}
    )
    return Camera(
        **light,
        read=_between(chance, 1, 8),
        balance=(_between(chance, 1.2, 2.6), 1.0, _between(chance, 1.2, 2.6)),
        saturation=_between(chance, 1.0, 1.8),
        demosaicking="bilinear" if bilinear < 1 / 2 else "gradient",
        sharpness=_between(chance, -1.0, 1.5),
        contrast=_between(chance, 0.0, 0.6),
        quality=None if filed < 0.2 else int(_between(chance, 60, 100)),
        halved=halved < 1 / 2,
        lens=lens,
    )


def _with_gaussian_noise(chance: Generator, clean: Tensor) -> Tensor:
    """Blurred with a Gaussian of up to a pixel in half of the pictures; partly the same in all channels."""
    level, shared = LOUDEST * _uniform(chance) ** 2, _uniform(chance)
    blur = max(0.0, _between(chance, -1.0, 1.0))
    apart = torch.randn(clean.shape, generator=chance, device=chance.device).cpu()
    common = torch.randn(clean[:, :1].shape, generator=chance, device=chance.device).cpu()
    noise = (1 - shared**2) ** 0.5 * apart + shared * common
    if blur > 0:
        there = torch.arange(-4.0, 5.0)
        bell = torch.exp(-(there**2) / (2 * blur**2))
        bell /= bell.square().sum().sqrt()  # the level stays
        for kernel in (bell[:, None], bell[None]):
            pad = (4, 4, 0, 0) if kernel.shape[0] == 1 else (0, 0, 4, 4)
            noise = F.conv2d(F.pad(noise.movedim(1, 0), pad, mode="circular"), kernel[None, None]).movedim(0, 1)
    made: Tensor = ((clean + level * noise).clamp(0, 1) * 255).round() / 255
    return made


def _middle(x: Tensor, factor: float, side: int) -> Tensor:
    """The middle of a picture that is resized."""
    if factor != 1:
        x = F.interpolate(x, scale_factor=factor, mode="bicubic", antialias=True).clamp(0, 1)
    top, left = ((n - side) // 2 for n in x.shape[2:])
    middle: Tensor = x[:, :, top : top + side, left : left + side]
    return middle


def _between(chance: Generator, low: float, high: float, *, log: bool = False) -> float:
    share = _uniform(chance)
    return low * (high / low) ** share if log else low + (high - low) * share


def _uniform(chance: Generator) -> float:
    return float(torch.rand((), generator=chance, device=chance.device))
