"""Generators by optimal transport of patches: a pyramid of them, learned from one picture without a discriminator.

Given           x, one picture
Structure       a generator h_k of patches at every scale k of x, convolutional
Input           noise σ_k z plus what the scale below generates, enlarged; and the fixed noise z* that must give x
Loss            the cost of transporting the patches of h_k(z) to those of x, in closed form up to one potential for
                each patch of x, and the sliced Wasserstein distance of both; α_k ‖h_k(z*) − x‖²
Regularisation  the small receptive field; the running average of the weights

Houdard, Leclaire, Papadakis, Rabin. A generative model for texture synthesis based on optimal transport between feature
distributions. JMIV 2023. (transport)
Elnekave, Weiss. Generating natural images with direct patch distribution matching. ECCV 2022. (the sliced distance)
Rott Shaham, Dekel, Michaeli. SinGAN: learning a generative model from a single natural image. ICCV 2019. (the pyramid)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import torch.nn.functional as F
from torch import Tensor

from oneself.core import Example, Learner, Option, Recipe, method
from oneself.generative import Pyramid
from oneself.losses import PatchTransport, sliced_distance
from oneself.optim import adam, level_then_down
from oneself.recipes import options as o
from oneself.recipes.generation.scales import Plan, Scale, ScaleSettings, check_size, plans, train_scales

PATCH, STRIDE, DIRECTIONS = 7, 3, 32  # side of what is transported, every which, and directions of the sliced distance


@method(
    "Generators by optimal transport of patches",
    cite="Houdard, Leclaire, Papadakis, Rabin. A generative model for texture synthesis based on optimal transport "
    "between feature distributions. JMIV 2023. Sliced distance: Elnekave, Weiss. Generating natural images with direct "
    "patch distribution matching. ECCV 2022. Pyramid: Rott Shaham, Dekel, Michaeli. SinGAN. ICCV 2019.",
    tasks=("generate",),
    dims=(2,),
    needs=("A",),
)
def patch_transport(
    y: Tensor,
    physics: Any,
    *,
    min_size: o.MinSize = 18,
    scale_factor: o.ScaleFactor = 0.7,
    width: o.CoarsestWidth = 32,
    double_width_every: o.DoubleWidthEvery = 8,
    layers: o.PatchLayers = 5,
    batch_norm: o.BatchNorm = False,
    crop: o.RandomCrop = 128,
    transport_weight: Annotated[float, Option("weight of the transport of patches", low=0, high=1e6)] = 50.0,
    sliced_weight: Annotated[float, Option("weight of the sliced Wasserstein distance", low=0, high=1e6)] = 8.0,
    reconstruction_weight: Annotated[
        float,
        Option("α, weight of the reconstruction of the picture from the fixed noise, at the coarsest scale",
               low=0, high=1e6),
    ] = 5.0,
    reconstruction_growth: Annotated[
        float, Option("α at the finest scale relative to the coarsest: errors become smaller", low=1, high=1e6)
    ] = 50.0,
    noise_amplitude: o.NoiseAmplitude = 0.1,
    generator_steps: Annotated[int, Option("updates of the generator in a step", low=1, high=1000)] = 1,
    lr: o.LearningRate = 1e-3,
    steps: Annotated[int, Option("steps at the coarsest scale", low=1, high=10**7)] = 2000,
    steps_ratio: Annotated[float, Option("steps at the finest scale, relative to the coarsest", above=0, high=1)] = 0.2,
    average: o.GeneratorAverage = 0.99,
) -> Recipe:  # fmt: skip
    check_size("patch_transport", y, layers, min_size)
    if not (transport_weight or sliced_weight):
        raise ValueError(
            "patch_transport(transport_weight=0, sliced_weight=0): then no patches are compared. "
            "Give at least one of them a weight above 0."
        )
    scales = plans(
        y, min_size, scale_factor, width, double_width_every, steps, reconstruction_weight, steps_ratio,
        reconstruction_growth,
    )  # fmt: skip
    settings = ScaleSettings(layers, batch_norm, crop, lr, average, noise_amplitude)
    weights = {"transport": transport_weight, "sliced": sliced_weight}
    return train_scales(y, scales, settings, partial(TransportScale, weights=weights, generator_steps=generator_steps))


class TransportScale(Scale):
    """One scale: its generator is trained by the patches of the picture.

    Parameters
    ----------
    below, real, plan, settings
        As of ``Scale``.
    weights : mapping
        Of ``transport`` and of the ``sliced`` distance.
    generator_steps : int
        Updates of the generator in a step.
    """

    def __init__(
        self,
        below: Pyramid,
        real: Tensor,
        plan: Plan,
        settings: ScaleSettings,
        *,
        weights: Mapping[str, float],
        generator_steps: int,
    ) -> None:
        self.weights, self.generator_steps = weights, generator_steps
        super().__init__(below, real, plan, settings)

    def prepare(self, real: Tensor) -> None:
        self.side = min(PATCH, 2 * self.settings.layers + 1)
        self.transport = PatchTransport(self.framed(real), self.side, STRIDE) if self.weights["transport"] else None

    def framed(self, x: Tensor) -> Tensor:
        """With its reflection around it, where all of the scale is looked at: else its border is in few patches."""
        whole = max(self.real.shape[2:]) <= (self.settings.crop or math.inf)
        return F.pad(x, [self.side // 2] * 4, mode="reflect") if whole else x

    def generator_loss(self, example: Example) -> Mapping[str, Tensor]:
        generated = self.generated(example)
        reconstruction = self.reconstruction_loss(example)
        losses = {}
        if self.transport is not None:
            losses["transport"] = self.weights["transport"] * self.transport(self.framed(generated))
        if self.weights["sliced"]:
            pair = self.framed(generated), self.framed(example.target)
            losses["sliced"] = self.weights["sliced"] * sliced_distance(*pair, self.side, DIRECTIONS)
        return {**losses, "reconstruction": reconstruction}

    def learners(self) -> Sequence[Learner]:
        optimiser = adam(self.settings.lr, betas=(0.5, 0.999))
        schedule = level_then_down()
        return [Learner(self.level, self.draw, self.generator_loss, optimiser, schedule, self.generator_steps)]
