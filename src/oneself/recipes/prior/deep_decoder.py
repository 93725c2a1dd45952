"""Deep Decoder: a network too small to fit noise.

Given           y and A, with y = A(x) + noise
Structure       decoder h: mixing of channels, linear enlargement, ReLU, normalisation; fewer weights than elements
Input           fixed uniform noise z at a 32nd of the size
Loss            ‖A(h(z)) − y‖²
Regularisation  the few weights of h: it runs until the loss has levelled out

Heckel, Hand. Deep decoder: concise image representations from untrained non-convolutional networks. ICLR 2019.
"""

from __future__ import annotations

from typing import Annotated, Any

from torch import Tensor

from oneself.core import Fit, Option, method
from oneself.inputs import Code
from oneself.losses import Fidelity
from oneself.networks import Decoder
from oneself.optim import adam
from oneself.recipes import options as o
from oneself.stopping import Average, Objective, Plateau

# The paper's run takes all its steps and returns its best fit; this one ends where the loss has levelled out.
NEAR_PUBLISHED = {"width": 128, "levels": 5, "lr": 0.01, "steps": 1900, "average": 0.0}


@method(
    "Deep Decoder",
    cite="Heckel, Hand. Deep decoder: concise image representations from untrained non-convolutional networks. "
    "ICLR 2019.",
    tasks=("denoise", "inpaint", "super-resolve", "deblur", "restore"),
    presets={"near-published": NEAR_PUBLISHED},
)
def deep_decoder(
    y: Tensor,
    physics: Any,
    *,
    width: o.Width = 64,
    levels: o.Levels = 4,
    lr: o.LearningRate = 0.01,
    steps: o.StepsAtMost = 3000,
    window: Annotated[
        int, Option("steps whose mean loss is compared with that of as many before", low=2, high=4096)
    ] = 200,
    tolerance: Annotated[
        float, Option("the run ends when the loss falls by less than this share over a window", above=0, below=1)
    ] = 0.01,
    average: o.Average = 0.99,
) -> Fit:
    size = tuple(physics.A_adjoint(y).shape)
    sizes = Decoder.sizes_to(size[2:], levels)
    return Fit(
        structure=Decoder(len(size) - 2, width, size[1], sizes[1:]),
        input=Code(y, sizes[0], width, jitter=0.0),
        loss=Fidelity(physics.A),
        optimiser=adam(lr),
        steps=steps,
        stop=Plateau(Objective(), window=window, tolerance=tolerance),
        selection=Average(average),
    )
