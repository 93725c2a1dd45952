"""DeepRED: the deep image prior and regularisation by denoising, split by ADMM.

Given           y and A, with y = A(x) + noise
Structure       hourglass h with skip connections, untrained
Input           fixed uniform noise z, jittered at every step
Loss            ‖A(h(z)) − y‖²
Regularisation  λ xᵀ(x − D(x)) with a classical denoiser D and x = h(z): between steps
                x ← (λ D(x) + μ (h + u)) / (λ + μ),  u ← u + h − x,  and μ‖h − x + u‖² joins the loss

Mataev, Elad, Milanfar. DeepRED: deep image prior powered by RED. ICCV Workshops 2019.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from torch import Tensor

from oneself.core import Fit, Option, method
from oneself.examples import Code
from oneself.networks import Skip
from oneself.optim import adam
from oneself.priors import DENOISERS
from oneself.stopping import WindowVariance, early_stopping
from oneself.terms import Coupling, Fidelity


class SplitFit(Fit):
    """A fit whose image is split from the network's output; the copy and its dual move between steps."""

    coupling: Coupling
    moves: Tensor

    def split(self, coupling: Coupling, denoise: Any, weight: float, penalty: float, every: int) -> SplitFit:
        self.coupling, self.denoise, self.weight, self.penalty, self.every = coupling, denoise, weight, penalty, every
        self.register_buffer("moves", torch.zeros((), dtype=torch.long))
        return self

    def between(self) -> None:
        self.moves += 1
        if self.last_output is None or int(self.moves) % self.every:
            return
        v, u, h = self.coupling.copy, self.coupling.dual, self.last_output
        denoised = self.denoise(v)
        v.copy_((self.weight * denoised + self.penalty * (h + u)) / (self.weight + self.penalty))
        u.add_(h - v)


@method(
    "DeepRED",
    cite="Mataev, Elad, Milanfar. DeepRED: deep image prior powered by RED. ICCV Workshops 2019.",
    tasks=("denoise", "inpaint", "super-resolve", "deblur", "restore"),
    dims=(2, 3),
    presets={"published": {"width": 128, "rate": 0.008, "steps": 6000, "smoothing": 0.0, "patience": 1000}},
    gpu_preset="published",
)
def deep_red(
    y: Tensor,
    physics: Any,
    *,
    width: Annotated[int, Option("channels of the network at every level", low=1)] = 32,
    levels: Annotated[int, Option("times the network halves the size (fewer on small inputs)", low=1, high=8)] = 5,
    skip: Annotated[int, Option("channels of each skip connection", low=0)] = 4,
    code: Annotated[int, Option("channels of the random code", low=1)] = 32,
    jitter: Annotated[float, Option("standard deviation of the noise on the code at every step", low=0)] = 1 / 30,
    prior: Annotated[Literal["non-local-means", "total-variation"], Option("the denoiser D")] = "non-local-means",
    strength: Annotated[float, Option("noise level that D removes, in units of the [0, 1] range", above=0)] = 5 / 255,
    weight: Annotated[float, Option("λ, weight of the denoiser", above=0)] = 0.5,
    penalty: Annotated[float, Option("μ, weight of the coupling", above=0)] = 0.5,
    every: Annotated[int, Option("steps from one use of D to the next", low=1)] = 10,
    rate: Annotated[float, Option("learning rate of Adam", above=0)] = 0.008,
    steps: Annotated[int, Option("steps at most", low=1)] = 3000,
    window: Annotated[int, Option("steps in the window of the variance", low=2)] = 100,
    smoothing: Annotated[float, Option("decay of the running average that the window watches", low=0, below=1)] = 0.95,
    patience: Annotated[int, Option("steps without improvement before stopping", low=1)] = 300,
    start: Annotated[int, Option("step before which the run never stops", low=0)] = 200,
    average: Annotated[float, Option("decay of the running average of the outputs; 0 for none", low=0, below=1)] = 0.99,
) -> Fit:
    adjoint = physics.A_adjoint(y)
    coupling = Coupling(adjoint)
    rule, keep = early_stopping(WindowVariance(window, smoothing), patience=patience, start=start, average=average)
    fit = SplitFit(
        structure=Skip(adjoint.ndim - 2, code, adjoint.shape[1], adjoint.shape[2:], [width] * levels, skip),
        input=Code(y, tuple(adjoint.shape[2:]), code, jitter),
        loss=Fidelity(physics.A),
        regularisation=penalty * coupling,
        optimiser=adam(rate),
        steps=steps,
        stop=rule,
        keep=keep,
    )
    return fit.split(coupling, DENOISERS[prior](strength), weight, penalty, every)
