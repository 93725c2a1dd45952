"""Non-local Wiener filters with the noise's own covariance, for noise that neighbours and channels share.

Given           y = x + noise; its covariance between neighbours and channels, and its level at each brightness, are
                measured from y
Structure       linear filters of groups of similar patches, whitened
Input           the groups Y of y, and X of the estimate x̂ that the pass before left; at first only Y
Loss            the risk ‖XΦ − X‖² + E‖NΦ‖² of Wiener's filter Φ for noise N of that covariance, at its exact minimum;
                in the first pass Stein's estimate of the risk of patches mixed, ‖ΘY − Y‖² + 2nσ² tr Θ
Regularisation  the noise that the filters let through; bounds on the noise's spectrum, from what cameras make of noise;
                half the variance again, as long as what a quick filter takes off for noise runs along the picture's own
                lines, or repeats itself

Lebrun, Colom, Morel. Multiscale image blind denoising. IEEE Transactions on Image Processing 2015. (the noise measured
by frequency and brightness, then filtered by its covariance; here at one scale)
Lebrun, Buades, Morel. A nonlocal Bayesian image denoising algorithm. SIAM J. Imaging Sciences 2013. (Φ)
Herbreteau, Kervrann. Towards a unified view of unsupervised non-local methods for image denoising: the NL-Ridge
approach. ICIP 2022. (Θ)
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated, Any

from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.recipes import options as o
from oneself.recipes.classical.coloured import coloured_passes, measured_noise
from oneself.recipes.classical.frequencies import believable_noise

SMALLEST = 8


@method(
    "Non-local Wiener filters with the noise's covariance (NL-Bayes, as in the noise clinic)",
    cite="Lebrun, Colom, Morel. Multiscale image blind denoising. IEEE Transactions on Image Processing 2015. Lebrun, "
    "Buades, Morel. A nonlocal Bayesian image denoising algorithm. SIAM J. Imaging Sciences 2013.",
    tasks=("denoise",),
    dims=(2,),
    needs=("A",),
)
def nonlocal_coloured(
    y: Tensor,
    physics: Any,
    *,
    sigma: o.Sigma = None,
    passes: Annotated[int, Option("times all groups are denoised", low=1, high=1000)] = 3,
    patch: Annotated[int, Option("side of the patches", low=3, high=16)] = 7,
    similar: Annotated[int, Option("patches of a group", low=2, high=4096)] = 100,
    reach: Annotated[int, Option("how far similar patches are looked for", low=1, high=256)] = 18,
    stride: Annotated[int, Option("distance of the patches that others are compared with", low=1, high=100)] = 4,
) -> Generator[Stage, Stage, None]:
    if min(y.shape[2:]) < SMALLEST:
        raise ValueError(
            f"nonlocal_coloured(y.shape={tuple(y.shape)}): at least {SMALLEST} pixels are needed along every side, for "
            "patches to have any like them. Use method='dip'."
        )
    side = min(patch, min(y.shape[2:]) // 2)
    noise, notes = measured_noise(y, side, sigma, "nonlocal_coloured")
    if sigma is None:
        noise, told = believable_noise(y, noise, "nonlocal_coloured")
        notes += told
    yield from coloured_passes(y, noise, passes=passes, similar=similar, reach=reach, stride=stride, notes=notes)
