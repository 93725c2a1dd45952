"""SinDDM: a denoising diffusion model of one picture, over its scales.

Given           x, one picture
Structure       one convolutional network h of small receptive field for all scales; noise level and scale are inputs
Input           x_t = √ᾱ_t m_t + √(1 − ᾱ_t) ε at a random scale and time, m_t = γ_t ↑↓x + (1 − γ_t) x
Loss            ‖h(x_t, t, s) − x‖² in units of what x_t leaves open
Regularisation  the small receptive field; the average of the weights along the training

Kulikov, Yadin, Kleiner, Michaeli. SinDDM: a single image denoising diffusion model. ICML 2023.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from torch import Tensor

from oneself.core import Fit, Option, method
from oneself.recipes import options as o
from oneself.recipes.generation.diffusion_scales import diffusion_over_scales

# The paper's sizes, loss, batch and steps. Not its network, which sees patches of 35 elements, nor its cuts of the
# learning rate, nor its average of the weights every tenth step.
NEAR_PUBLISHED = {
    "min_size": 42,
    "dilated_layers": 0,
    "scale_factor": 0.709,
    "width": 160,
    "start_noise": 1.0,
    "crop": None,
    "batch": 32,
    "coarsest_oversampling": 1.0,
    "loss": "l1",
    "optimiser": "adam",
    "lr": 1e-3,
    "steps": 120_000,
    "average": 0.995,
}


@method(
    "SinDDM",
    cite="Kulikov, Yadin, Kleiner, Michaeli. SinDDM: a single image denoising diffusion model. ICML 2023.",
    tasks=("generate",),
    dims=(2,),
    needs=("A",),
    presets={"near-published": NEAR_PUBLISHED},
)
def sinddm(
    y: Tensor,
    physics: Any,
    *,
    min_size: o.MinSize = 32,
    scale_factor: o.ScaleFactor = 0.7,
    width: Annotated[int, Option("channels of the network", low=1, high=1024)] = 48,
    layers: Annotated[
        int, Option("convolutions; patches of 2 (layers + dilated_layers) + 1 elements are learned", low=2, high=100)
    ] = 6,
    dilated_layers: Annotated[
        int, Option("how many of the convolutions, in the middle, see twice as far; fewer than layers", low=0, high=100)
    ] = 2,
    timesteps: Annotated[int, Option("steps from noise to picture at the coarsest scale", low=2, high=10**4)] = 100,
    start_noise: Annotated[
        float,
        Option("noise that a finer scale begins with, relative to the error of the enlarged scale below",
               above=0, high=1e3),
    ] = 2.0,
    crop: o.RandomCrop = 64,
    batch: Annotated[
        int, Option("noisy copies in a step, of the finest scale; more of smaller ones", low=1, high=1024)
    ] = 2,
    coarsest_oversampling: Annotated[
        float, Option("how often the coarsest scale is trained, relative to each other scale", above=0, high=1e3)
    ] = 2.0,
    loss: Annotated[
        Literal["l2", "l1"], Option("the error's norm: 'l2' learns means, 'l1' medians, which give duller samples")
    ] = "l2",
    optimiser: o.Optimiser = "muon",
    lr: o.LearningRate = 5e-3,
    steps: o.Steps = 1500,
    average: o.WeightAverage = 0.99,
) -> Fit:  # fmt: skip
    return diffusion_over_scales(
        "sinddm",
        y,
        min_size=min_size,
        scale_factor=scale_factor,
        width=width,
        layers=layers,
        dilated_layers=dilated_layers,
        timesteps=timesteps,
        start_noise=start_noise,
        crop=crop,
        batch=batch,
        coarsest_oversampling=coarsest_oversampling,
        loss=loss,
        optimiser=optimiser,
        lr=lr,
        steps=steps,
        average=average,
    )
