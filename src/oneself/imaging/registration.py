"""Two noisy shots of one scene: how far one is shifted against the other."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

__all__ = ["ALIKE", "Shift", "likeness", "overlapping", "shift_between"]

FINE = 10  # parts of an element that a shift is measured in
STEPS = 16  # of one element that a measured shift is improved by at most
BLOCK, ALIKE = 3, 0.9
SURE = 5.0  # standard deviations by which the whole shift must bring the shots closer, not to be chance


class Shift(NamedTuple):
    """How far the second of two shots lies from the first, in elements along every axis.

    ``whole``: the nearest whole shift, 0 where undoing it brings the shots no closer than chance may; ``exact``: what
    was measured. ``second[p + shift]`` shows what ``first[p]`` does.
    """

    whole: tuple[int, ...]
    exact: tuple[float, ...]

    def words(self) -> str:
        """Such as `2.1 px along y, -3.0 px along x`."""
        names = "xyz"[: len(self.exact)][::-1]
        return ", ".join(f"{by:+.1f} px along {name}" for name, by in zip(names, self.exact, strict=True))


def shift_between(first: Tensor, second: Tensor) -> Shift:
    """The shift of ``second`` against ``first``, ``(1, C, *spatial)`` of one size, by phase correlation of the means
    of their channels, checked against the squared difference of what they share.

    Guizar-Sicairos, Thurman, Fienup. Efficient subpixel image registration algorithms. Optics Letters 2008 (by
    scikit-image).
    """
    from skimage.registration import phase_cross_correlation

    one, other = ((x - x.mean()).mean(1)[0].double().cpu().numpy() for x in (first, second))
    found, *_ = phase_cross_correlation(one, other, upsample_factor=FINE, normalization=None)
    exact = tuple(0.0 if abs(by) < 0.5 / FINE else -float(by) for by in found)
    whole = _refined(first, second, tuple(round(by) for by in exact))
    if any(whole) and not _closer(first, second, whole):
        whole, exact = (0,) * len(whole), (0.0,) * len(whole)
    return Shift(whole, tuple(e if abs(e - w) <= 0.5 else float(w) for e, w in zip(exact, whole, strict=True)))


def overlapping(first: Tensor, second: Tensor, shift: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """The parts of two shots that show the same, views of them."""
    for axis, by in enumerate(shift, 2):
        n = first.shape[axis] - abs(by)
        first = first.narrow(axis, max(0, -by), n)
        second = second.narrow(axis, max(0, by), n)
    return first, second


def _refined(first: Tensor, second: Tensor, shift: tuple[int, ...]) -> tuple[int, ...]:
    """The whole shift, near the given one, at which what both shots show differs least: correlation is drawn to 0."""
    for _ in range(STEPS):
        near = [
            tuple(by + d for by, d in zip(shift, step, strict=True))
            for step in itertools.product((0, -1, 1), repeat=len(shift))
        ]
        near = [s for s in near if _overlap(first, s)]
        if not near:
            return shift
        errors = [float((a - b).square().mean()) for a, b in (overlapping(first, second, s) for s in near)]
        best = near[errors.index(min(errors))]
        if best == shift:
            return shift
        shift = best
    return shift


def _overlap(x: Tensor, shift: tuple[int, ...]) -> bool:
    return all(2 * abs(by) < n for by, n in zip(shift, x.shape[2:], strict=True))


def _closer(first: Tensor, second: Tensor, shift: tuple[int, ...]) -> bool:
    """Whether the shots show one scene with the shift undone, and differ less then, by more than chance may."""
    if not _overlap(first, shift) or likeness(first, second, shift) < ALIKE:
        return False
    a, b = overlapping(first, second, shift)
    straight = first - second
    gain = overlapping(straight, straight, shift)[0].square() - (a - b).square()
    return bool(gain.mean() > SURE * gain.std() / gain.numel() ** 0.5)


def likeness(first: Tensor, second: Tensor, shift: tuple[int, ...]) -> float:
    """The correlation of what both show, in means of ``BLOCK`` elements along every axis, where noise counts little."""
    a, b = (_blocks(x.mean(1, keepdim=True)) for x in overlapping(first, second, shift))
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).mean() / (a.square().mean() * b.square().mean()).sqrt().clamp(min=1e-12))


def _blocks(x: Tensor) -> Tensor:
    sides = [min(BLOCK, n) for n in x.shape[2:]]
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[x.ndim - 3]
    return pool(x, sides, stride=1)
