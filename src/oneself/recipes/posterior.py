"""Mixing a measurement back into a prediction that was made without it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.imaging.cropping import cut, reflected
from oneself.networks import apply_in_tiles
from oneself.noise import describe_noise, known_noise

__all__ = ["noise_variance", "posterior_by_place", "posterior_mean", "variance_at"]

FLOOR = 0.01  # of the mean variance: no place has less noise than that
WINDOW = {1: 101, 2: 11, 3: 5}  # elements along every axis that what was missed at a place is averaged over
SIDE = 8  # of the blocks whose frequencies are mixed each by itself
AROUND = {1: 25, 2: 5, 3: 5}  # blocks along every axis that one's powers are averaged over
CAUTION = 1.3  # times the noise's power: an average of few powers is often above what it is of
TILE, REACH = 256, 40
POOLS = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)
RESIZED: tuple[Callable[..., Tensor], ...] = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)


def variance_at(x: Tensor, mean: float, gain: float) -> Tensor:
    """The noise's variance at every element of an estimate, ``(1, 1, *spatial)``: ``mean`` at its mean brightness, and
    growing with brightness by ``gain``."""
    brightness = x.mean(1, keepdim=True)
    return (mean + gain * (brightness - brightness.mean())).clamp(min=FLOOR * mean)


def noise_variance(
    y: Tensor, sigma: float | None, caller: str
) -> tuple[Callable[[Tensor], Tensor] | None, tuple[str, ...]]:
    """The noise's variance at every element of an estimate, of level ``sigma`` or as it is measured, and a note.

    ``None`` where neighbours share noise: a prediction from them then contains it.
    """
    measured = y[0].cpu().numpy()
    if sigma is None and (found := describe_noise(measured)).correlated:
        return None, (f"{caller}: {found.words()}, so neighbours predict it: nothing was mixed back",)
    level, gain, notes = known_noise(measured, sigma, None, caller)
    return lambda x: variance_at(x, level**2, gain), notes


def posterior_by_place(y: Tensor, predicted: Tensor, variance: Tensor) -> Tensor:
    """``μ + v (y − μ) / (v + σ²)`` as of ``posterior_mean``, with one ``v`` for all frequencies at a place: what the
    mean of ``(y − μ)²`` around it has above ``σ²``. Of predictions that miss little this measured better; of those that
    miss whole frequencies, as early ones do, worse.
    """
    dims = y.ndim - 2
    around = tuple(min(WINDOW[dims], 2 * ((n - 1) // 2) + 1) for n in y.shape[2:])
    margin = tuple(n // 2 for n in around)
    missed = (y - predicted).square().mean(1, keepdim=True)
    mean = POOLS[dims - 1](missed, around, 1, margin, count_include_pad=False)
    v = (mean - variance).clamp(min=0)
    return predicted + v * (y - predicted) / (v + variance)


def posterior_mean(
    y: Tensor, predicted: Tensor, variance: Tensor, shape: Tensor | None = None, tile: int = TILE
) -> Tensor:
    """``μ + v (y − μ) / (v + σ²)``: the mean of ``x`` where ``y ~ N(x, σ²)`` and ``x ~ N(μ, v)``, both independent.

    That they are needs a ``predicted`` ``μ`` that does not follow the noise of ``y``. It is done frequency by frequency
    of small overlapping blocks of ``(y − μ) / σ``, whose power, averaged over the channels and the blocks around, tells
    how uncertain ``μ`` is: it is ``1 + v / σ²``. What was predicted well is taken from ``μ``, what was missed
    from ``y``.

    Parameters
    ----------
    y, predicted : Tensor
        ``(B, C, *spatial)``.
    variance : Tensor
        ``σ²``, above 0; broadcastable to ``y``.
    shape : Tensor, optional
        Of noise that neighbours share: its power at the frequencies (of a discrete cosine transform) of a block.
    tile : int
        Side of the tiles that it is done in.

    Notes
    -----
    Laine, Karras, Lehtinen, Aila. High-quality self-supervised deep image denoising. NeurIPS 2019. (of each element)
    """
    level = variance.sqrt()
    floor = None if shape is None else (shape / shape.mean()).to(y)
    with torch.autocast(y.device.type, enabled=False):  # what is left of large sums is small
        missed = apply_in_tiles(lambda e: _above_noise(e, floor), (y - predicted) / level, reach=REACH, tile=tile)
    return predicted + level * missed


def _above_noise(e: Tensor, floor: Tensor | None) -> Tensor:
    """What ``e`` holds beside noise of power 1 (or ``floor``)."""
    dims, size = e.ndim - 2, e.shape[2:]
    sides = tuple(min(SIDE, n) for n in size)
    steps = [max(1, side // (2 if dims == 3 else 4)) for side in sides]
    wide = reflected(e, SIDE)
    blocks = wide
    for axis, (side, step) in enumerate(zip(sides, steps, strict=True), 2):
        blocks = blocks.unfold(axis, side, step)
    waves = [_cosines(side).to(e) for side in sides]
    found = _turned(blocks, [wave.T for wave in waves])
    noise = torch.ones(1, 1, *sides) if floor is None else RESIZED[dims - 1](floor[None, None], sides)
    kept = (1 - CAUTION * noise.reshape(sides).to(e) / _power(found, dims)).clamp(min=0)
    back = _turned(found * kept[:, None], waves).flatten(-dims)
    made, times = torch.zeros_like(wide), torch.zeros_like(wide[:1, :1])
    for number, place in enumerate(itertools.product(*(range(side) for side in sides))):
        counts = blocks.shape[2 : 2 + dims]
        spread = [slice(p, p + s * (n - 1) + 1, s) for p, s, n in zip(place, steps, counts, strict=True)]
        cut(made, spread).add_(back[..., number])
        cut(times, spread).add_(1)
    return cut(made / times.clamp(min=1), [slice(SIDE, SIDE + n) for n in size])


def _power(found: Tensor, dims: int) -> Tensor:
    """The mean power of every frequency over the channels and the blocks around each, ``(B, *blocks, *sides)``."""
    power = found.square().mean(1)
    blocks, sides = power.shape[1 : 1 + dims], power.shape[1 + dims :]
    flat = power.reshape(len(power), math.prod(blocks), -1).mT.reshape(len(power), -1, *blocks)
    mean = POOLS[dims - 1](flat, AROUND[dims], 1, AROUND[dims] // 2, count_include_pad=False)
    return mean.reshape(len(power), math.prod(sides), -1).mT.reshape(power.shape).clamp(min=1e-12)


def _cosines(side: int) -> Tensor:
    """The orthonormal discrete cosine transform, ``(frequency, place)``."""
    place = torch.arange(side)
    waves = torch.cos(math.pi * (place + 0.5) * place[:, None] / side) * math.sqrt(2 / side)
    waves[0] /= math.sqrt(2)
    return waves


def _turned(blocks: Tensor, matrices: Sequence[Tensor]) -> Tensor:
    """Each of the last axes multiplied by a matrix from the right."""
    for axis, matrix in enumerate(matrices, -len(matrices)):
        blocks = (blocks.movedim(axis, -1) @ matrix).movedim(-1, axis)
    return blocks
