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
from oneself.generative import fresh
from oneself.generative.waves import WaveLevel, Waves
from oneself.losses import frozen, gradient_penalty
from oneself.networks.waveform import MARGIN, DilatedDiscriminator, shrunk
from oneself.operators.rates import resampled
from oneself.optim import adam, stepped

__all__ = ["Settings", "WaveScale", "rates_of", "valid_at"]

RATES = (320, 400, 500, 640, 800, 1000, 1280, 1600, 2000, 2500, 4000, 8000, 10000, 12000, 14400, 16000)
LOUD = 0.0025  # mean power of the coarsest rate, of a recording whose largest sample is 1
FEWEST = 100  # samples of the recording at the coarsest rate
NEARLY = 1e-3  # by which rates may be less apart than asked for: those of given lengths are not quite even
LATE, CUT = 2 / 3, 0.1  # of the steps, after which the learning rate is multiplied
WINDOWS = ((2048, 240, 1200), (1024, 120, 600), (512, 50, 240))  # transform, distance and length, of spectra compared


@dataclass(frozen=True)
class Settings:
    """What all rates have in common, as of the options of these names."""

    loss: Literal["waveform", "spectral"]
    reconstruction_weight: float
    gradient_penalty: float
    noise_amplitude: float
    crop: int | None
    lr: float
    steps: int


def rates_of(x: Tensor, rate: float, coarsest: float | None, ratio: float, known: Tensor | None = None) -> list[float]:
    """The rates from coarse to fine: of ``RATES`` those from the coarsest on, each ``ratio`` times the one before.

    Without ``coarsest`` it is the first at which the recording ``(1, C, T)`` has power enough; with gaps a rate at
    which every sample's reach meets one is left out. The last is the recording's own.
    """
    found: list[float] = [rate]
    for lower in sorted((r for r in RATES if r < rate), reverse=True):
        size = round(x.shape[-1] * lower / rate)
        if size < FEWEST or (coarsest is not None and lower < coarsest):
            break
        if coarsest is None and float(resampled(x, size).square().mean()) < LOUD * float(x.abs().max()) ** 2:
            break
        if known is not None and not bool((shrunk(_padded(valid_at(known, size)), MARGIN) > 0).any()):
            break
        if found[-1] >= ratio * lower * (1 - NEARLY):
            found.append(lower)
    return found[::-1]


def valid_at(known: Tensor, size: int) -> Tensor:
    """Which of ``size`` samples in the same time stand for known ones alone, ``(1, 1, size)``, 1 and 0.

    A sample at a lower rate stands for those in its part of the time and for one more on either side.
    """
    length = known.shape[-1]
    missing = F.pad((~known).long().cumsum(-1), (1, 0))
    edges = torch.arange(size + 1, device=known.device, dtype=torch.float64) * (length / size)
    wider = 0 if size >= length else 1
    first = (edges[:-1].floor().long() - wider).clamp(min=0)
    last = (edges[1:].ceil().long() + wider).clamp(max=length)
    return (missing[last] == missing[first]).float()[None, None]


def _padded(valid: Tensor) -> Tensor:
    return F.pad(valid, (MARGIN, MARGIN), value=1.0)


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

    def __init__(
        self, below: Waves, real: Tensor, width: int, settings: Settings, valid: Tensor | None = None,
        notes: Sequence[str] = (),
    ) -> None:  # fmt: skip
        super().__init__(steps=settings.steps, notes=notes)
        self.settings, self.width, self.number = settings, width, below.height
        self.below = copy.deepcopy(below)
        self.level = WaveLevel(real.shape[1], width)
        self.discriminator = DilatedDiscriminator(real.shape[1], width)
        self.register_buffer("real", real if valid is None else real * valid)
        self.register_buffer("valid", valid)
        self.register_buffer("prior", self.lower(self.below.fixed))
        self.drawn: Example | None = None
        if self.number:
            self.level.amplitude.copy_(self._amplitude())

    valid: Tensor | None

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

    def lower(self, noise: object) -> Tensor:
        """What the rates below generate, at this rate."""
        sizes = self.below.sizes[: self.number]
        if not sizes:
            return self.below.silence(self.real.shape[-1])
        made = self.below.climb(sizes, self.below.silence(*sizes[0]), noise)  # type: ignore[arg-type]
        return resampled(made, self.real.shape[-1])

    def draw(self) -> Example:
        """A random input and the fixed one, in the same place: (mixed, prior) of each; and a random share."""
        prior = self.lower(fresh)
        fixed = self.below.fixed(self.number, self.prior)
        if self.valid is not None and self.number:  # what was drawn once for gaps is held at every rate
            fixed = (1 - self.valid) * torch.sin(1e4 * torch.arange(fixed.shape[-1], device=fixed.device) ** 1.5)
        mixed, mixed_star = self.level.mixed(prior, torch.randn_like(prior)), self.level.mixed(self.prior, fixed)
        here, wide = self._place()
        share = torch.rand(1, 1, 1, device=prior.device)
        valid = self.valid if self.valid is None else self.valid[..., here]
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
        return slice(start, start + length), slice(start, start + length + 2 * MARGIN)

    def score(self, x: Tensor, valid: Tensor | None, still: bool = False) -> Tensor:
        """The mean score of samples, of those that see no gap; ``still``: without a gradient for the weights."""
        inputs = [F.pad(x, (MARGIN, MARGIN)), *([] if valid is None else [_padded(valid)])]
        scores: Tensor = frozen(self.discriminator, *inputs) if still else self.discriminator(*inputs)
        count = 1.0 if valid is None else (shrunk(_padded(valid), MARGIN).mean().clamp(min=1 / x.shape[-1]))
        return scores.mean() / count

    def discriminator_loss(self, example: Example) -> Mapping[str, Tensor]:
        mixed, prior, _, _, share = example.input
        valid = example.where
        with torch.no_grad():
            made = self.level.network(mixed, prior)
            made = made if valid is None else made * valid
        padded = None if valid is None else _padded(valid)

        def critic(x: Tensor) -> Tensor:
            found: Tensor = self.discriminator(F.pad(x, (MARGIN, MARGIN)), padded)
            return found

        slope = gradient_penalty(critic, example.target, made, share)  # type: ignore[arg-type]
        seen = 1.0 if valid is None else valid.mean()
        distance = self.score(made, valid) - self.score(example.target, valid)
        return {"discriminator": distance, "gradient_penalty": self.settings.gradient_penalty * slope * seen}

    def generator_loss(self, example: Example) -> Mapping[str, Tensor]:
        mixed, prior, mixed_star, prior_star, _ = example.input
        valid = example.where
        made = self.level.network(mixed, prior)
        made = made if valid is None else made * valid
        star = self.level.network(mixed_star, prior_star)
        return {
            "generator": -self.score(made, valid, still=True),
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


def cost(size: int, width: int, crop: int | None) -> float:
    """Of a step, relative to others."""
    return float((min(size, crop or size) + 2 * MARGIN) * (width + math.sqrt(width)) ** 2)
