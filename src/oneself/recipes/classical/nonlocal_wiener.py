"""Non-local Wiener filters: groups of similar patches, denoised in closed form.

Given           y = x + noise, white, of level σ or of a variance that grows with brightness
Structure       two linear filters of a group of k similar patches of n elements, less their mean: its patches mixed,
                Θ Y, and their elements mixed, Y Φ; the mean of both, averaged over all groups
Input           the groups Y of y, and X of the estimate x̂ that the pass before left; at first only Y
Loss            the risk with X for the truth, ‖ΘX − X‖² + nσ² ‖Θ‖² and ‖XΦ − X‖² + kσ² ‖Φ‖², at its exact minimum;
                in the first pass Stein's estimate of it, ‖ΘY − Y‖² + 2nσ² tr Θ
Regularisation  the noise that the filters let through; a share of the estimate in what is filtered again

Herbreteau, Kervrann. Towards a unified view of unsupervised non-local methods for image denoising: the NL-Ridge
approach. ICIP 2022. (Θ)
Lebrun, Buades, Morel. A nonlocal Bayesian image denoising algorithm. SIAM J. Imaging Sciences 2013. (Φ)
Osher, Burger, Goldfarb, Xu, Yin. An iterative regularization method for total variation-based image restoration.
Multiscale Modeling & Simulation 2005. (what is filtered again)
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import Annotated, Any

import torch
from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.inputs import SimilarPatches
from oneself.noise import known_noise
from oneself.recipes import options as o
from oneself.recipes.classical.groups import GroupPass, Turn
from oneself.recipes.posterior import variance_at

FIRST = 18  # patches of a group of the first pass, whose risk is estimated from the noisy ones alone
SMALLEST = 8
THIN = 16  # slices under which patches do not reach through them
SLICES = 2  # to either side that similar patches are looked for in, there


@method(
    "Non-local Wiener filters (NL-Ridge and NL-Bayes, in turns)",
    cite="Herbreteau, Kervrann. Towards a unified view of unsupervised non-local methods for image denoising: the "
    "NL-Ridge approach. ICIP 2022. Lebrun, Buades, Morel. A nonlocal Bayesian image denoising algorithm. SIAM J. "
    "Imaging Sciences 2013.",
    tasks=("denoise",),
    needs=("A",),
)
def nonlocal_wiener(
    y: Tensor,
    physics: Any,
    *,
    sigma: o.Sigma = None,
    gain: Annotated[
        float | None,
        Option(
            "how the noise's variance grows with brightness, around sigma²; none: estimated where sigma is, else 0",
            unit="level",
            low=-100,
            high=100,
        ),
    ] = None,
    passes: Annotated[int, Option("times all groups are denoised", low=1, high=1000)] = 4,
    patch: Annotated[int, Option("side of the patches (in 2D; as many elements in 1D and 3D)", low=2, high=16)] = 7,
    similar: Annotated[int, Option("patches of a group", low=2, high=4096)] = 100,
    reach: Annotated[int, Option("how far similar patches are looked for (in 2D)", low=1, high=256)] = 18,
    stride: Annotated[
        int, Option("distance of the patches that others are compared with (in 2D)", low=1, high=100)
    ] = 4,
    share: Annotated[float, Option("share of the estimate in what is filtered again", low=0, below=1)] = 0.45,
) -> Generator[Stage, Stage, None]:
    if sorted(y.shape[2:])[-2:][0] < SMALLEST:
        raise ValueError(
            f"nonlocal_wiener(y.shape={tuple(y.shape)}): at least {SMALLEST} elements are needed along every axis (of "
            "volumes along two), for patches to have any like them. Use method='smoothing_spline'."
        )
    level, slope, notes = known_noise(y[0].cpu().numpy(), sigma, gain, "nonlocal_wiener")
    sides, steps, far = _shape_of_groups(y.shape[2:], patch, stride, reach)
    turn = Turn.orthonormal(principal_axes(y))
    x: Tensor | None = None
    for number in range(passes):
        start = [int(torch.randint(step, ())) for step in steps]
        groups = SimilarPatches(y.shape[2:], patch=sides, reach=far, stride=steps, start=start)
        kept = 1 - share if number > 1 else 1.0  # the first two estimates are too rough to be leant on
        noisy = y if x is None else x + kept * (y - x)
        variance = kept**2 * variance_at(y if x is None else x, level**2, slope)
        count = similar if number else min(FIRST, similar, y.shape[1] * math.prod(sides) // 2)
        fitted = yield GroupPass(noisy, x, turn, variance, groups, count, notes=() if number else notes)
        x = fitted.estimate()


def _shape_of_groups(
    size: Sequence[int], patch: int, stride: int, reach: int
) -> tuple[list[int], list[int], list[int]]:
    """Sides and steps of patches and how far they are looked for along every axis, as many elements in any dimension.

    In a volume that is thin along an axis patches are of one slice there, and found in the slices around, too.
    """
    wide = sum(n >= THIN for n in size) == 2 and len(size) == 3
    flat = [wide and n < THIN for n in size]
    dims = len(size) - sum(flat)
    side = min(_as_many(patch, dims), min(n for n, thin in zip(size, flat, strict=True) if not thin) // 2)
    step = min(_as_many(stride, dims), side)
    slices = [min(n, 2 * SLICES + 1) for n, thin in zip(size, flat, strict=True) if thin]
    far = max(1, _as_many(round((2 * reach + 1) / math.sqrt(math.prod(slices))), dims) // 2)
    return (
        [1 if thin else side for thin in flat],
        [1 if thin else step for thin in flat],
        [SLICES if thin else far for thin in flat],
    )


def _as_many(side: int, dims: int) -> int:
    """The side of a cube of ``dims`` dimensions that has about as many elements as a square of ``side``."""
    return max(1, round(math.pow(side, 2 / dims)))


def principal_axes(y: Tensor) -> Tensor:
    """The orthonormal directions of colour, ``(C, C)``, along which the channels of ``y`` vary most, one a row."""
    vectors: Tensor = torch.linalg.eigh(torch.cov(y[0].flatten(1)).reshape(y.shape[1], y.shape[1])).eigenvectors
    return vectors.flip(1).T.contiguous()
