"""What catch_a_waveform trains at every rate: a generator against a discriminator, on one recording."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.core import Example, Learner, Stage
from oneself.generative import Noise, WaveLevel, Waves, fresh
from oneself.losses import frozen, gradient_penalty
from oneself.networks.waveform import DilatedDiscriminator, reach_of
from oneself.operators.rates import interpolated, resampled
from oneself.optim import adam, stepped

__all__ = ["Settings", "WaveScale", "spectral_distance"]

LATE, CUT = 2 / 3, 0.1  # of the steps, after which the learning rate is multiplied
WINDOWS = ((2048, 240, 1200), (1024, 120, 600), (512, 50, 240))  # transform, distance and length, of spectra compared


@dataclass(frozen=True)
class Settings:
    """What all rates have in common, as of the options of these names."""

    layers: int
    loss: Literal["waveform", "spectral"]
    reconstruction_weight: float
    gradient_penalty: float
    noise_amplitude: float
    crop: int | None
    lr: float
    steps: int

    def cost(self, size: int, width: int) -> float:
        """Of a step at a rate at which the recording has ``size`` samples, relative to others."""
        length = min(size, self.crop or size) + 2 * reach_of(self.layers)
        return float(length * (width + math.sqrt(width)) ** 2)


class WaveScale(Stage):
    """One rate's generator in training; those below stay as they are.

    Parameters
    ----------
    below : Waves
    real : Tensor
        The recording at this rate, ``(1, C, T)``, its largest sample about 1.
    width : int
    settings : Settings
    valid : Tensor, optional
        ``(1, 1, T)``, 0 in gaps.
    notes : sequence of str
    """

    prior: Tensor
    real: Tensor
    valid: Tensor | None

    def __init__(
        self, below: Waves, real: Tensor, width: int, settings: Settings, valid: Tensor | None = None,
        notes: Sequence[str] = (),
    ) -> None:  # fmt: skip
        super().__init__(steps=settings.steps, notes=notes)
        self.settings, self.width, self.number = settings, width, below.height
        self.below = copy.deepcopy(below)
        self.level = WaveLevel(real.shape[1], width, settings.layers)
        self.discriminator = DilatedDiscriminator(real.shape[1], width, settings.layers)
        self.register_buffer("real", real if valid is None else real * valid)
        self.register_buffer("valid", valid)
        self.register_buffer("prior", self.lower(self.below.fixed))
        self.drawn: Example | None = None
        if self.number:
            self.level.amplitude.copy_(self._amplitude())

    def _amplitude(self) -> Tensor:
        """Of the noise: by how much more power there is at this rate than at the one below.

        At the second rate, for the spectral loss and in gaps, the deviation of what the first one reconstructs: there
        the waveform is free.
        """
        if self.number == 1 and (self.settings.loss == "spectral" or self.valid is not None):
            return self.prior.std()
        coarse = resampled(self.real, *self.below.sizes[self.number - 1])
        more = (self.real.square().mean() - coarse.square().mean()).clamp(min=0).sqrt()
        return self.settings.noise_amplitude * more

    def begin_from(self, last: WaveScale) -> None:
        """Take over the weights of the rate below."""
        self.level.network.load_state_dict(last.level.network.state_dict())
        self.discriminator.load_state_dict(last.discriminator.state_dict())

    def lower(self, noise: Noise) -> Tensor:
        """What the rates below generate, at this rate."""
        sizes = self.below.sizes[: self.number]
        if not sizes:
            return self.below.silence(self.real.shape[-1])
        return interpolated(self.below.climb(sizes, self.below.silence(*sizes[0]), noise), self.real.shape[-1])

    def draw(self) -> Example:
        """A random input and the fixed one, in the same place: (mixed, prior) of each; and a random share."""
        prior = self.lower(fresh)
        mixed = self.level.mixed(prior, torch.randn_like(prior))
        mixed_star = self.level.mixed(self.prior, self.below.fixed(self.number, self.prior))
        here, wide = self._place()
        share = torch.rand(1, 1, 1, device=prior.device)
        valid = None if self.valid is None else self.valid[..., here]
        inputs = (mixed[..., wide], prior[..., here], mixed_star[..., wide], self.prior[..., here], share)
        self.drawn = Example(inputs, self.real[..., here], valid)
        return self.drawn

    def again(self) -> Example:
        """The discriminator's example of this step, for the generator."""
        return self.draw() if self.drawn is None else self.drawn

    def after_step(self) -> None:
        self.drawn = None

    def _place(self) -> tuple[slice, slice]:
        """A random part, or all where it is no longer than a crop; of what is given, and of what networks see."""
        size = self.real.shape[-1]
        length = min(size, self.settings.crop or size)
        start = int(torch.randint(size - length + 1, ()))
        return slice(start, start + length), slice(start, start + length + 2 * self.level.margin)

    def _generated(self, example: Example) -> Tensor:
        """What the generator makes of the random input, where the recording is known."""
        mixed, prior, *_ = example.input
        made: Tensor = self.level.network(mixed, prior)
        return made if example.where is None else made * example.where

    def _mean(self, scores: Tensor, valid: Tensor | None) -> Tensor:
        """Of the samples that see no gap: the scores of others are 0."""
        if valid is None:
            return scores.mean()
        return scores.sum() / self.discriminator.seen(valid).sum().clamp(min=1)

    def discriminator_loss(self, example: Example) -> Mapping[str, Tensor]:
        valid, share = example.where, example.input[-1]
        with torch.no_grad():
            made = self._generated(example)

        def critic(x: Tensor) -> Tensor:
            scores: Tensor = self.discriminator(x, valid)
            return scores

        slope = gradient_penalty(critic, example.target, made, share)
        seen = 1.0 if valid is None else valid.mean()
        distance = self._mean(critic(made), valid) - self._mean(critic(example.target), valid)
        return {"discriminator": distance, "gradient_penalty": self.settings.gradient_penalty * slope * seen}

    def generator_loss(self, example: Example) -> Mapping[str, Tensor]:
        _, _, mixed_star, prior_star, _ = example.input
        valid = example.where
        given = (self._generated(example),) if valid is None else (self._generated(example), valid)
        star = self.level.network(mixed_star, prior_star)
        return {
            "generator": -self._mean(frozen(self.discriminator, *given), valid),
            "reconstruction": self.settings.reconstruction_weight * self._distance(star, example.target, valid),
        }

    def _distance(self, x: Tensor, target: Tensor, valid: Tensor | None) -> Tensor:
        if self.settings.loss == "spectral":
            return spectral_distance(x if valid is None else x * valid, target)
        error = (x - target).square()
        return error.mean() if valid is None else (error * valid).sum() / (valid.sum() * x.shape[1]).clamp(min=1)

    def learners(self) -> Sequence[Learner]:
        optimiser, schedule = adam(self.settings.lr, betas=(0.5, 0.999)), stepped(CUT, at=(LATE,))
        return [
            Learner(self.discriminator, self.draw, self.discriminator_loss, optimiser, schedule),
            Learner(self.level, self.again, self.generator_loss, optimiser, schedule),
        ]

    def sampler(self) -> Waves:
        """The generators so far, this one among them, as they stand."""
        waves = copy.deepcopy(self.below)
        waves.add(copy.deepcopy(self.level), self.width)
        return waves

    def estimate(self) -> Tensor:
        """The reconstruction so far, at the recording's own rate."""
        waves = self.sampler()
        return resampled(waves.reconstruction(), waves.picture.shape[-1])


def spectral_distance(x: Tensor, target: Tensor) -> Tensor:
    """The mean over ``WINDOWS`` of the Frobenius norm of the difference of magnitudes of short-time spectra."""
    found = []
    for transform, hop, length in WINDOWS:
        window = torch.hann_window(length, dtype=x.dtype, device=x.device)
        one, other = (
            torch.stft(F.pad(each[0], (transform // 2, transform // 2)), transform, hop, length, window, center=False,
                       return_complex=True).abs()
            for each in (x, target)
        )  # fmt: skip
        found.append((one - other).square().sum().clamp(min=1e-20).sqrt())
    return torch.stack(found).mean()
