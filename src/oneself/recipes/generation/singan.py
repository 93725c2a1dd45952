"""SinGAN: a pyramid of generative adversarial networks, learned from one picture.

Given           x, one picture
Structure       a generator h_k of patches and a discriminator D_k at every scale k of x, convolutional
Input           noise σ_k z plus what the scale below generates, enlarged; and the fixed noise z* that must give x
Loss            max over D_k of mean D_k(x) − mean D_k(h_k(z)), the Wasserstein distance of the patches;
                α ‖h_k(z*) − x‖²
Regularisation  the small receptive field; the norm of the slope of D_k is held near 1 (λ)

Rott Shaham, Dekel, Michaeli. SinGAN: learning a generative model from a single natural image. ICCV 2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import torch
from torch import Tensor

from oneself.core import Example, Learner, Option, Recipe, method
from oneself.generative import Pyramid
from oneself.losses import critique, frozen
from oneself.losses import gradient_penalty as slope_penalty
from oneself.networks import patchwise
from oneself.optim import adam, stepped
from oneself.recipes import options as o
from oneself.recipes.generation.scales import Plan, Scale, ScaleSettings, check_size, plans, train_scales

PUBLISHED = {"crop": None, "discriminator_steps": 3, "generator_steps": 3, "average": 0.0}


@method(
    "SinGAN",
    cite="Rott Shaham, Dekel, Michaeli. SinGAN: learning a generative model from a single natural image. ICCV 2019.",
    tasks=("generate",),
    dims=(2,),
    needs=("A",),
    presets={"published": PUBLISHED},
)
def singan(
    y: Tensor,
    physics: Any,
    *,
    min_size: o.MinSize = 25,
    scale_factor: o.ScaleFactor = 0.75,
    width: o.CoarsestWidth = 32,
    double_width_every: o.DoubleWidthEvery = 4,
    layers: o.PatchLayers = 5,
    batch_norm: o.BatchNorm = True,
    crop: o.RandomCrop = 128,
    reconstruction_weight: Annotated[
        float, Option("α, weight of the reconstruction of the picture from the fixed noise", low=0, high=1e6)
    ] = 10.0,
    gradient_penalty: Annotated[
        float, Option("λ, weight of the discriminator's gradient penalty", low=0, high=1e6)
    ] = 0.1,
    noise_amplitude: o.NoiseAmplitude = 0.1,
    discriminator_steps: Annotated[int, Option("updates of the discriminator in a step", low=1, high=1000)] = 1,
    generator_steps: Annotated[int, Option("updates of the generator in a step", low=1, high=1000)] = 1,
    lr: o.LearningRate = 5e-4,
    steps: Annotated[int, Option("steps at each scale", low=1, high=10**7)] = 2000,
    average: o.GeneratorAverage = 0.99,
) -> Recipe:
    check_size("singan", y, layers, min_size)
    scales = plans(y, min_size, scale_factor, width, double_width_every, steps, reconstruction_weight)
    settings = ScaleSettings(layers, batch_norm, crop, lr, average, noise_amplitude)
    make = partial(
        AdversarialScale,
        gradient_penalty=gradient_penalty,
        discriminator_steps=discriminator_steps,
        generator_steps=generator_steps,
    )
    return train_scales(y, scales, settings, make)


class AdversarialScale(Scale):
    """One scale: its discriminator, then its generator are trained.

    Parameters
    ----------
    below, real, plan, settings
        As of ``Scale``.
    gradient_penalty : float
        λ.
    discriminator_steps, generator_steps : int
        Updates of each in a step.
    """

    def __init__(
        self,
        below: Pyramid,
        real: Tensor,
        plan: Plan,
        settings: ScaleSettings,
        *,
        gradient_penalty: float,
        discriminator_steps: int,
        generator_steps: int,
    ) -> None:
        super().__init__(below, real, plan, settings)
        self.gradient_penalty = gradient_penalty
        self.discriminator_steps, self.generator_steps = discriminator_steps, generator_steps

    def prepare(self, real: Tensor) -> None:
        self.discriminator = patchwise(
            2,
            real.shape[1],
            1,
            width=self.plan.width,
            layers=self.settings.layers,
            batch_norm=self.settings.batch_norm,
        )

    def begin_from(self, last: Scale) -> None:
        super().begin_from(last)
        assert isinstance(last, AdversarialScale)
        self.discriminator.load_state_dict(last.discriminator.state_dict())

    def discriminator_loss(self, example: Example) -> Mapping[str, Tensor]:
        with torch.no_grad():
            generated = self.generated(example)
        slope = slope_penalty(self.discriminator, example.target, generated, example.input[-1])
        distance = critique(self.discriminator, example.target, generated)
        return {"discriminator": distance, "gradient_penalty": self.gradient_penalty * slope}

    def generator_loss(self, example: Example) -> Mapping[str, Tensor]:
        return {
            "generator": -frozen(self.discriminator, self.generated(example)).mean(),
            "reconstruction": self.reconstruction_loss(example),
        }

    def learners(self) -> Sequence[Learner]:
        optimiser, schedule = adam(self.settings.lr, betas=(0.5, 0.999)), stepped(0.1, at=(0.8,))
        steps = self.discriminator_steps, self.generator_steps
        return [
            Learner(self.discriminator, self.draw, self.discriminator_loss, optimiser, schedule, steps[0]),
            Learner(self.level, self.draw, self.generator_loss, optimiser, schedule, steps[1]),
        ]
