"""Kernel from spectra: the blur of one picture, with which its smaller self has the same spectrum.

Given           y, shrunk from an unknown picture by an unknown kernel and a known factor
Structure       a free kernel k, positive, of sum 1, its own image under a half turn
Input           none
Loss            (log S[(k * y)↓] − log S[y])², with S the mean power spectrum of windows
Regularisation  the smallness of k; positive values

Our own. What it rests on: Zontak, Irani. Internal statistics of a single natural image. CVPR 2011.
"""

from __future__ import annotations

from typing import Annotated, Any

from torch import Tensor

from oneself.core import Fit, Option, method
from oneself.noise import known_level
from oneself.recipes import options as o
from oneself.recipes.blind.blurs import SpectralFit, check_shrunk, strides


@method(
    "Kernel from spectra",
    cite="Zontak, Irani. Internal statistics of a single natural image. CVPR 2011. (The property it rests on.)",
    tasks=("kernel",),
    dims=(2,),
    needs=("A",),
)
def kernel_spectra(
    y: Tensor,
    physics: Any,
    *,
    scale: o.Shrunk = 2,
    kernel_size: Annotated[int, Option("side of the kernel for one shrinking", low=5, high=31)] = 13,
    sigma: o.Sigma = None,
    spectrum_window: Annotated[int, Option("side of the windows whose spectra are compared", low=8, high=64)] = 16,
    threshold: o.KernelThreshold = 0.02,
    lr: o.LearningRate = 0.05,
    steps: o.Steps = 400,
) -> Fit:
    stride, times = strides("kernel_spectra", scale)
    check_shrunk("kernel_spectra", y, 8 * stride)
    level, notes = known_level(y[0].cpu().numpy(), sigma, "kernel_spectra")
    return SpectralFit(
        y,
        stride,
        side=kernel_size + (kernel_size + 1) % 2,
        window=min(spectrum_window, min(y.shape[2:]) // stride),
        sigma=level,
        lr=lr,
        steps=steps,
        times=times,
        threshold=threshold,
        notes=notes,
    )
