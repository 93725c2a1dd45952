"""Non-local Wiener filters between a transform that makes noise alike everywhere and its unbiased inverse.

Given           y = x + √v(x) z, z white: noise whose level is any parabola of brightness, as multiplicative noise's is
                (v = c x²), cut at black and white or not; v is measured from y
Structure       the groups of ``nonlocal_wiener``, of f(y), f(m) = ∫ dm/√v(m), whose noise has level 1
Input           f(y)
Loss            that of the filters, at its exact minimum
Regularisation  theirs; the answer is the brightness of which noisy, cut values have that mean under f

Anscombe. The transformation of Poisson, binomial and negative-binomial data. Biometrika 1948. (f, there for v = x)
Mäkitalo, Foi. Optimal inversion of the generalized Anscombe transformation for Poisson-Gaussian noise. IEEE TIP 2013.
Herbreteau, Kervrann. NL-Ridge. ICIP 2022. Lebrun, Buades, Morel. NL-Bayes. SIAM J. Imaging Sciences 2013. (the filters)
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Annotated, Any

import torch
from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.noise import Stabiliser, bent_variance, describe_noise
from oneself.recipes.classical.passes import PATCH, REACH, SHARE, SIMILAR, STRIDE, GroupShape, group_passes

SMALLEST = 8


@method(
    "Variance stabilisation around non-local Wiener filters",
    cite="Mäkitalo, Foi. Optimal inversion of the generalized Anscombe transformation for Poisson-Gaussian noise. IEEE "
    "TIP 2013. Herbreteau, Kervrann. Towards a unified view of unsupervised non-local methods for image denoising: the "
    "NL-Ridge approach. ICIP 2022. Lebrun, Buades, Morel. A nonlocal Bayesian image denoising algorithm. SIAM J. "
    "Imaging Sciences 2013.",
    tasks=("denoise",),
    dims=(2,),
    needs=("A",),
)
def stabilised_wiener(
    y: Tensor,
    physics: Any,
    *,
    passes: Annotated[int, Option("times all groups are denoised", low=1, high=1000)] = 4,
) -> Generator[Stage, Any, None]:  # fmt: skip
    if min(y.shape[2:]) < SMALLEST:
        raise ValueError(
            f"stabilised_wiener(y.shape={tuple(y.shape)}): at least {SMALLEST} pixels are needed along either axis, "
            "for patches to have any like them. Use method='smoothing_spline'."
        )
    pixels = y[0].cpu().numpy()
    variance = _measured(pixels)
    stabiliser = Stabiliser.of(pixels, variance)
    given = torch.from_numpy(stabiliser(pixels) / stabiliser.width)[None].to(y)
    words = "variance {:.2g} {:+.2g} x brightness {:+.2g} x brightness²".format(*variance)
    notes = (f"stabilised_wiener: measured: {words}",)
    shape = GroupShape.of(y.shape[2:], PATCH, STRIDE, REACH)
    stages = group_passes(
        given, shape, 1 / stabiliser.width, 0.0, passes=passes, similar=SIMILAR, share=SHARE, notes=notes
    )
    stage = next(stages)
    while True:
        done = yield Behind(stage, stabiliser)
        try:
            stage = stages.send(done.inner)
        except StopIteration:
            return


def _measured(pixels: Any) -> tuple[float, float, float]:
    """The parabola, or the line that explains as much."""
    found = bent_variance(pixels)
    if found is not None:
        return found
    report = describe_noise(pixels)
    return max(report.offset_variance, 0.0), max(report.gain, 0.0), 0.0


class Behind(Stage):
    """A stage that works on what a stabiliser made: its answer is taken back.

    Parameters
    ----------
    inner : Stage
        Without learners.
    stabiliser : Stabiliser
    """

    def __init__(self, inner: Stage, stabiliser: Stabiliser) -> None:
        super().__init__(steps=inner.steps, notes=inner.notes)
        self.inner, self.stabiliser = inner, stabiliser

    def solve(self) -> Mapping[str, Tensor]:
        return self.inner.solve()

    def estimate(self) -> Tensor:
        made = self.inner.estimate()
        back = self.stabiliser.back((made * self.stabiliser.width).double().cpu().numpy())
        return torch.from_numpy(back).to(made)
