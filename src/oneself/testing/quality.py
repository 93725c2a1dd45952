"""The promise that a method is worth its while: better than what costs nothing."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from oneself.core import Method, Run
from oneself.operators.kernels import cubic_kernel
from oneself.registry import find
from oneself.testing.cases import SIGMA, beside, problem
from oneself.testing.promise import require

__all__ = ["check_beats_trivial", "psnr", "trivial"]


def psnr(x: Tensor, truth: Tensor) -> float:
    """``-10 log10(mean (x - truth)^2)`` in dB, of images in [0, 1]."""
    return -10 * math.log10(float((x - truth).square().mean()))


def trivial(y: Tensor, physics: Any, shape: torch.Size | None = None) -> Tensor:
    """The answer that costs nothing: cubic interpolation, the smallest solution, or what was measured; where a kernel
    of some ``shape`` is asked for, that of cubic shrinking."""
    if shape is not None:  # of a kernel
        return cubic_kernel(2, shape[-1])[None, None]
    for name in ("enlarge", "A_dagger"):
        if hasattr(physics, name):
            made: Tensor = getattr(physics, name)(y)
            return made
    return torch.as_tensor(physics.A_adjoint(y)) if hasattr(physics, "A_adjoint") else y


def blurred(x: Tensor) -> Tensor:
    """A picture as half its size remembers it: what a generator that has learned no detail would reconstruct."""
    from oneself.operators.resize import enlarge, resize

    return enlarge(resize(x, [n // 2 for n in x.shape[2:]]), x.shape[2:])


def check_beats_trivial(
    method: str | Method,
    task: str | None = None,
    *,
    size: tuple[int, ...] = (64, 64),
    margin: float = 0.5,
    noise: float = SIGMA,
    **options: Any,
) -> None:
    """On a small real picture the answer is at least ``margin`` dB better than the trivial one.

    Of a method that generates the answer is its reconstruction of the picture, the trivial one half the size enlarged.

    Parameters
    ----------
    task : str, optional
        The method's first one unless given.
    noise : float
        Level of the measurement's noise, in units of the [0, 1] range.
    **options
        A reduced setting of the method, where its defaults take long.
    """
    method = find(method)
    task = task or method.tasks[0]
    x, y, physics = problem(task, size, shrink=2, sigma=noise)
    settings: dict[str, Any] = {**beside(method, x, y, physics), **options}
    result = Run(method, y, physics, device="cpu", **settings).finish()
    shape = x.shape if task == "kernel" else None
    known = blurred(y) if task == "generate" else trivial(y, physics, shape)
    found, cheap = psnr(result.image.clamp(0, 1), x), psnr(known.clamp(0, 1), x)
    require(found >= cheap + margin, method.key, f"{task}: {found:.2f} dB, the trivial answer has {cheap:.2f} dB")
