"""The promise that a method is worth its while: better than what costs nothing."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from oneself.core import Method, Run
from oneself.core.randomness import Randomness
from oneself.operators.kernels import cubic_kernel
from oneself.registry import find
from oneself.testing.cases import SIGMA, beside, problem
from oneself.testing.promise import require

__all__ = ["check_beats_trivial", "psnr", "trivial"]

SAMPLES = 3
PATCH, DIRECTIONS = 7, 256  # side of the patches of samples that are compared, and directions


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


def patch_distance(sample: Tensor, x: Tensor) -> float:
    """Sliced Wasserstein distance of the patches of a sample and of the picture, by the same directions every time."""
    from oneself.losses import sliced_distance

    with Randomness(0, 0, x.device):
        return float(sliced_distance(sample.to(x), x, PATCH, DIRECTIONS))


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

    Of a method that generates, samples are looked at instead: their patches must lie at most half as far from those of
    the picture as a flat picture of its mean colour does.

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
    run = Run(method, y, physics, device="cpu", **settings)
    result = run.finish()
    if task == "generate":
        return _check_samples(run, x, method.key)
    known = trivial(y, physics, x.shape if task == "kernel" else None)
    found, cheap = psnr(result.image.clamp(0, 1), x), psnr(known.clamp(0, 1), x)
    require(found >= cheap + margin, method.key, f"{task}: {found:.2f} dB, the trivial answer has {cheap:.2f} dB")


def _check_samples(run: Run, x: Tensor, key: str) -> None:
    sampler = run.stages[-1].sampler()  # type: ignore[operator]
    with Randomness(0, 0, x.device), torch.no_grad():
        samples = [sampler.sample(sampler.sizes[-1][-2:]) for _ in range(SAMPLES)]
    found = sum(patch_distance(sample, x) for sample in samples) / SAMPLES
    cheap = patch_distance(x.mean((2, 3), keepdim=True).expand(x.shape), x)
    told = f"patches of its samples lie {found:.3g} from the picture's, those of its mean colour {cheap:.3g}"
    require(found <= cheap / 2, key, told)
