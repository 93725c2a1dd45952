"""What steers a diffusion while it makes a picture: a score to raise, and regions of the source to keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from oneself.operators.resize import resize

__all__ = ["Guide", "Region", "Shaping", "kept", "raised", "steering"]

Guide = Callable[[Tensor], Tensor]
"""A picture ``(1, C, H, W)`` in [0, 1] to a scalar, differentiable; the larger, the better."""

Shaping = Callable[[Tensor, int], Tensor]
"""``shaping(x, scale)``: the estimated picture of a step, ``(1, C, H, W)`` in [-1, 1], changed."""


@dataclass(frozen=True)
class Region:
    """A part of the source, ``(top, left, height, width)`` in its pixels, and the pixel ``(top, left)`` of the sample
    at which it shall stand."""

    part: tuple[int, int, int, int]
    place: tuple[int, int]


def raised(guide: Guide, strength: float, fill: float = 1.0) -> Shaping:
    """``x + λ ‖m x‖ / ‖m g‖ m g`` with the slope ``g`` of the guide at ``x``, and the mask ``m`` of the share ``fill``
    of the pixels at which it is steepest.

    Kulikov, Yadin, Kleiner, Michaeli. SinDDM. ICML 2023, where ``λ`` is η and ``fill`` the fill factor.
    """

    def shaping(x: Tensor, scale: int) -> Tensor:
        with torch.enable_grad():
            leaf = ((x + 1) / 2).detach().requires_grad_()
            (slope,) = torch.autograd.grad(guide(leaf), leaf)
        steepness = slope.square().sum(1, keepdim=True)
        count = max(1, round(fill * steepness[0].numel()))
        mask = steepness >= steepness.flatten().topk(count).values[-1]
        step: Tensor = strength * (mask * x).norm() / (mask * slope).norm().clamp(min=1e-12) * mask * slope
        return x + step

    return shaping


def kept(picture: Tensor, size: Sequence[int], regions: Sequence[Region], scales: int) -> Shaping:
    """Regions of the ``picture``, ``(1, C, H, W)`` in [0, 1], take their places in samples of ``size`` at the first
    ``scales`` scales; finer ones make their surroundings fit."""
    whole, marked = picture.new_zeros(1, picture.shape[1], *size), picture.new_zeros(1, 1, *size)
    for region in regions:
        (top, left, height, width), (down, along) = region.part, region.place
        target = (..., slice(down, down + height), slice(along, along + width))
        whole[target] = 2 * picture[..., top : top + height, left : left + width] - 1
        marked[target] = 1

    def shaping(x: Tensor, scale: int) -> Tensor:
        if scale >= scales:
            return x
        weight = resize(marked, x.shape[2:]).clamp(0, 1)
        # shrunk together with its mask, so that nothing from beyond the region's edge is mixed in
        return (1 - weight) * x + weight * (resize(whole * marked, x.shape[2:]) / weight.clamp(min=0.1))

    return shaping


def steering(
    picture: Tensor,
    size: Sequence[int],
    scales: int,
    guide: Guide | None,
    strength: float,
    regions: Sequence[Region],
    fill: float = 1.0,
) -> Shaping | None:
    """Both, as ``sample`` is asked for them; ``None`` where it is not. Regions are held at the coarser half of the
    scales.

    Raises
    ------
    TypeError, ValueError
        A guide that cannot be called, such as a text, or that gives no number; a strength below 0, a fill outside
        (0, 1]; a region that leaves the picture or the sample.
    """
    _check(guide, strength, fill)
    if guide is not None:
        _check_score(guide(picture))
    for region in regions:
        _check_region(region, tuple(picture.shape[2:]), tuple(size))
    held = kept(picture, size, regions, (scales + 1) // 2) if regions else None
    led = None if guide is None else raised(guide, strength, fill)
    if held is None or led is None:
        return held or led
    return lambda x, scale: held(led(x, scale), scale)


def _check(guide: Guide | None, strength: float, fill: float) -> None:
    if isinstance(guide, str):
        raise TypeError(
            f"sample(guide={guide!r}): a text says nothing without a network that compares it with pictures (CLIP), "
            "and none comes with this library. Give oneself.text_guide(text, FOLDER) with a CLIP of yours, or any "
            "callable that scores a picture (1, C, H, W) in [0, 1]."
        )
    if guide is not None and not callable(guide):
        raise TypeError(f"sample(guide={guide!r}): cannot be called. Give a callable from a picture to a scalar.")
    if not strength >= 0:
        raise ValueError(f"sample(strength={strength!r}): out of range. Give 0 (no effect) or more.")
    if not 0 < fill <= 1:
        raise ValueError(f"sample(fill={fill!r}): out of range. Give a share of the picture, above 0 and up to 1.")


def _check_score(score: object) -> None:
    if not isinstance(score, Tensor) or score.numel() != 1:
        found = f"a tensor of {tuple(score.shape)}" if isinstance(score, Tensor) else type(score).__name__
        raise TypeError(f"sample(guide): scores a picture with {found}. Give a callable to a scalar tensor.")


def _check_region(region: Region, source: tuple[int, ...], size: tuple[int, ...]) -> None:
    (top, left, height, width), (down, along) = region.part, region.place
    for name, corner, room in (("part", (top, left), source), ("place", (down, along), size)):
        inside = all(a >= 0 and a + n <= m for a, n, m in zip(corner, (height, width), room, strict=True))
        if min(height, width) < 1 or not inside:
            told = "the training picture" if name == "part" else "the sample"
            raise ValueError(
                f"sample(regions): {region} leaves {told}, {'x'.join(map(str, room))}. Give "
                "Region(part=(top, left, height, width), place=(top, left)) in pixels, inside both."
            )
