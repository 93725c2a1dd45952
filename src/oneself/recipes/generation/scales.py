"""Generators of patches, trained scale after scale: what SinGAN and its kin without a discriminator share."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from oneself.core import Example, Stage, WeightAverage
from oneself.generative import Level, Pyramid, fresh, pyramid_sizes
from oneself.imaging.cropping import cut, random_place
from oneself.operators.resize import resize

__all__ = ["Plan", "Scale", "ScaleSettings", "check_size", "plans", "train_scales"]

WIDEST = 128


@dataclass(frozen=True)
class ScaleSettings:
    """What all scales have in common, as of the options of these names."""

    layers: int
    batch_norm: bool
    crop: int | None
    lr: float
    average: float
    noise_amplitude: float


@dataclass(frozen=True)
class Plan:
    """One scale: the picture's size there, the networks' width, its steps, and α."""

    size: tuple[int, ...]
    width: int
    steps: int
    reconstruction_weight: float

    def cost(self, crop: int | None) -> float:
        """Relative to other scales."""
        return float(self.steps * self.width**2 * math.prod(min(n, crop or n) for n in self.size))


def check_size(method: str, y: Tensor, layers: int, min_size: int) -> None:
    """Refuse a picture, or a coarsest scale, that is no larger than a patch."""
    least = 2 * layers + 2
    if min(y.shape[2:]) < least or min_size < least:
        told = f"layers={layers}, min_size={min_size}, y.shape={tuple(y.shape)}"
        raise ValueError(
            f"{method}({told}): {layers} convolutions see patches of {least - 1} elements, and every scale must be "
            f"larger. Give a picture and a coarsest scale of at least {least} along each side, or fewer layers."
        )


def plans(
    y: Tensor,
    min_size: int,
    scale_factor: float,
    width: int,
    double_width_every: int | None,
    steps: int,
    reconstruction_weight: float,
    steps_ratio: float = 1.0,
    reconstruction_growth: float = 1.0,
) -> list[Plan]:
    """The scales from coarse to fine; the ratios are those of the finest to the coarsest."""
    sizes = pyramid_sizes(tuple(y.shape[2:]), min_size, scale_factor)
    found = []
    for k, size in enumerate(sizes):
        along = k / max(1, len(sizes) - 1)
        doubled = 0 if double_width_every is None else k // double_width_every
        found.append(
            Plan(
                size,
                min(WIDEST, width * 2**doubled),
                max(1, round(steps * steps_ratio**along)),
                reconstruction_weight * reconstruction_growth**along,
            )
        )
    return found


def train_scales(
    y: Tensor,
    scales: Sequence[Plan],
    settings: ScaleSettings,
    make: Callable[[Pyramid, Tensor, Plan, ScaleSettings], Scale],
) -> Generator[Stage, Stage, None]:
    """Scale after scale; each begins with what the one below has learned, where it is as wide."""
    below = Pyramid(y, [plan.size for plan in scales], settings.layers, settings.batch_norm)
    last: Scale | None = None
    for number, plan in enumerate(scales):
        stage = make(below, resize(2 * y - 1, plan.size), plan, settings)
        if last is not None and last.plan.width == plan.width:
            stage.begin_from(last)
        costs = [left.cost(settings.crop) for left in scales[number:]]
        stage.time_share = costs[0] / sum(costs)
        last = yield stage  # type: ignore[assignment]
        assert isinstance(last, Scale)
        below = last.sampler()


class Scale(Stage):
    """One scale's generator in training; the scales below stay as they are. Kinds of it say by which ``learners``.

    ``real`` is the picture at this scale, ``(1, C, H, W)`` in [-1, 1].
    """

    prior: Tensor
    real: Tensor

    def __init__(self, below: Pyramid, real: Tensor, plan: Plan, settings: ScaleSettings) -> None:
        super().__init__(steps=plan.steps)
        self.settings, self.plan, self.number = settings, plan, below.height
        self.below = copy.deepcopy(below)
        self.level = Level(real.shape[1], plan.width, settings.layers, settings.batch_norm)
        self.register_buffer("real", real)
        self.prepare(real)
        self.register_buffer("prior", self.lower(self.below.fixed))
        if self.number:
            self.level.amplitude.copy_(settings.noise_amplitude * (self.prior - real).square().mean().sqrt())
        self.average = WeightAverage(self.level.network, settings.average) if settings.average else None

    def prepare(self, real: Tensor) -> None:
        """Makes what compares generated patches with those of ``real``."""
        raise NotImplementedError

    def begin_from(self, last: Scale) -> None:
        """Take over the weights of the scale below."""
        self.level.network.load_state_dict(last.level.network.state_dict())

    def lower(self, noise: Any) -> Tensor:
        """What the scales below generate, enlarged to this one's size."""
        sizes = self.below.sizes[: self.number]
        if not sizes:
            return self.below.blackness(self.real.shape[2:])
        return resize(self.below.climb(sizes, self.below.blackness(sizes[0]), noise), self.real.shape[2:])

    def draw(self) -> Example:
        """A random input and the fixed one, in the same place; each as (mixed, prior). Last a random share."""
        prior = self.lower(fresh)
        z = torch.randn_like(prior if self.number else prior[:, :1])
        known = self.below.fixed(self.number, self.prior)
        mixed, mixed_star = self.level.mixed(prior, z), self.level.mixed(self.prior, known)
        place = self.place()
        wide = tuple(slice(part.start, part.stop + 2 * self.settings.layers) for part in place)
        share = torch.rand(1, 1, 1, 1, device=prior.device)
        inputs = (cut(mixed, wide), cut(prior, place), cut(mixed_star, wide), cut(self.prior, place), share)
        return Example(inputs, cut(self.real, place))

    def place(self) -> list[slice]:
        """A random part of the scale, or all of it where it is no larger than a crop."""
        size = self.real.shape[2:]
        sides = [min(n, max(self.settings.crop or n, 2 * self.settings.layers + 2)) for n in size]
        return random_place(size, sides)

    def generated(self, example: Example) -> Tensor:
        """What the generator makes of the random input."""
        mixed, prior, *_ = example.input
        return self.level.refine(mixed, prior)

    def reconstruction_loss(self, example: Example) -> Tensor:
        """``α mean (h(z*) − x)²``."""
        _, _, mixed_star, prior, _ = example.input
        error = self.level.refine(mixed_star, prior) - example.target
        return self.plan.reconstruction_weight * error.square().mean()

    def after_step(self) -> None:
        if self.average is not None:
            self.average.update(self.level.network)

    def sampler(self) -> Pyramid:
        """The generators so far, this one among them, as they stand."""
        pyramid, level = copy.deepcopy(self.below), copy.deepcopy(self.level)
        if self.average is not None:
            level.network.load_state_dict(self.average.network.state_dict())
        pyramid.add(level, self.plan.width)
        return pyramid

    def estimate(self) -> Tensor:
        """The reconstruction so far, on the picture's grid."""
        return resize(self.sampler().reconstruction(), self.below.sizes[-1])
