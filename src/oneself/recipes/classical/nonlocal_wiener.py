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

from collections.abc import Generator
from typing import Annotated, Any

from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.noise import known_noise
from oneself.recipes import options as o
from oneself.recipes.classical.passes import PATCH, REACH, SHARE, SIMILAR, STRIDE, GroupShape, group_passes

SMALLEST = 8


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
    patch: Annotated[int, Option("side of the patches (in 2D; as many elements in 1D and 3D)", low=2, high=16)] = PATCH,
    similar: Annotated[int, Option("patches of a group", low=2, high=4096)] = SIMILAR,
    reach: Annotated[int, Option("how far similar patches are looked for (in 2D)", low=1, high=256)] = REACH,
    stride: Annotated[
        int, Option("distance of the patches that others are compared with (in 2D)", low=1, high=100)
    ] = STRIDE,
    share: Annotated[float, Option("share of the estimate in what is filtered again", low=0, below=1)] = SHARE,
) -> Generator[Stage, Stage, None]:
    if sorted(y.shape[2:])[-2:][0] < SMALLEST:
        raise ValueError(
            f"nonlocal_wiener(y.shape={tuple(y.shape)}): at least {SMALLEST} elements are needed along every axis (of "
            "volumes along two), for patches to have any like them. Use method='smoothing_spline'."
        )
    level, slope, notes = known_noise(y[0].cpu().numpy(), sigma, gain, "nonlocal_wiener")
    shape = GroupShape.of(y.shape[2:], patch, stride, reach)
    yield from group_passes(y, shape, level, slope, passes=passes, similar=similar, share=share, notes=notes)
