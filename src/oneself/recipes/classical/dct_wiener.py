"""Wiener filters of overlapping blocks' cosine transforms, for large photographs: seconds for megapixels.

Given           y = x + noise; its covariance between neighbours and channels, and its level at each brightness, are
                measured from y
Structure       every block's cosine coefficients, each multiplied by a factor; the mean over all blocks that overlap
Input           the blocks of y, along the directions of colour whose noise is independent
Loss            the risk of each factor, ``p² (1 - f)² + v f²``, at its exact minimum: p of the pilot, v the noise's
                variance at the frequency; the pilot keeps what is above 2.7 √v
Regularisation  the noise that the factors let through; half the variance again, as long as what is taken off
                holds structure of the picture

Yu, Sapiro. DCT image denoising: a simple and effective image denoising algorithm. Image Processing On Line 2011. (the
pilot)
Pierazzo, Morel, Facciolo. Multi-scale DCT denoising. Image Processing On Line 2017. (the weights of overlapping blocks)
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.recipes import options as o
from oneself.recipes.classical.coloured import measured_noise
from oneself.recipes.classical.frequencies import BlockFilter, believable_noise

SMALLEST = 8


@method(
    "Wiener filters of DCT blocks with the noise's covariance (DCT denoising)",
    cite="Yu, Sapiro. DCT image denoising: a simple and effective image denoising algorithm. Image Processing On Line "
    "2011. Pierazzo, Morel, Facciolo. Multi-scale DCT denoising. Image Processing On Line 2017.",
    tasks=("denoise",),
    dims=(2,),
    needs=("A",),
    deterministic=True,
)
def dct_wiener(
    y: Tensor,
    physics: Any,
    *,
    sigma: o.Sigma = None,
    spectrum: Annotated[
        Literal["measured", "white"], Option("of the noise: as it is measured, or the same at all frequencies")
    ] = "measured",
    block: Annotated[int, Option("side of the blocks", low=4, high=32)] = 12,
    stride: Annotated[int, Option("distance of neighbouring blocks", low=1, high=16)] = 4,
    threshold: Annotated[
        float, Option("times the noise's level, what the first estimate keeps of a frequency", low=0, high=10)
    ] = 2.7,
) -> Stage:
    if min(y.shape[2:]) < SMALLEST:
        raise ValueError(
            f"dct_wiener(y.shape={tuple(y.shape)}): at least {SMALLEST} pixels are needed along every side. Use "
            "method='smoothing_spline'."
        )
    side = min(block, min(y.shape[2:]) // 2)
    noise, notes = measured_noise(y, side, sigma, "dct_wiener")
    if spectrum == "white":
        noise = noise.white()
    if sigma is None:
        noise, told = believable_noise(y, noise, "dct_wiener", min(stride, side), threshold)
        notes += told
    return BlockFilter(y, noise, min(stride, side), threshold, notes)
