"""SinGAN: a pyramid of generative adversarial networks, learned from one picture.

Given           x, one picture
Structure       a generator h_k and a critic D_k of patches at every scale k of x, all convolutional
Input           noise σ_k z plus what the scale below made, enlarged; and the fixed noise z* that must give x
Loss            max over D_k of mean D_k(x) − mean D_k(h_k(z)); α ‖h_k(z*) − x‖² for the fixed noise
Regularisation  the small receptive field; the critic's slope is held to 1 (λ)

Rott Shaham, Dekel, Michaeli. SinGAN: learning a generative model from a single natural image. ICCV 2019.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor

from oneself import options as o
from oneself.core import Example, Option, Player, Recipe, Stage, WeightAverage, method
from oneself.core.cropping import cut
from oneself.generators import Level, Pyramid, fresh, pyramid_sizes
from oneself.networks import patchwise
from oneself.optim import adam, level_then_down
from oneself.physics.resize import resize
from oneself.terms import critique, frozen, gradient_penalty

WIDEST = 128
PUBLISHED = {
    "width": 32,
    "grow": 4,
    "ratio": 0.75,
    "crop": None,
    "fidelity": 10.0,
    "firmer": 1.0,
    "moves": 3,
    "normalise": True,
    "rate": 5e-4,
    "steps": 2000,
    "average": 0.0,
}


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
    coarsest: Annotated[int, Option("shorter side of the picture at the coarsest scale", low=8)] = 25,
    ratio: Annotated[float, Option("size of a scale relative to the next finer one", low=0.4, high=0.9)] = 0.7,
    width: Annotated[int, Option("channels of the networks at the coarsest scales", low=1)] = 32,
    grow: Annotated[
        int | None, Option("scales after which the networks are twice as wide; none for one width", low=1)
    ] = 8,
    layers: Annotated[int, Option("convolutions of each network; patches of 2 layers + 1 are learned", low=2)] = 5,
    normalise: Annotated[bool, Option("batch normalisation in both networks")] = False,
    crop: Annotated[
        int | None, Option("side of the random part that a step looks at; none for the whole picture", low=8)
    ] = 64,
    fidelity: Annotated[
        float, Option("α, weight of the reconstruction from the fixed noise, at the coarsest scale", low=0)
    ] = 20.0,
    firmer: Annotated[
        float, Option("α grows up to so many times itself at the finest scale, as errors become smaller", low=1)
    ] = 16.0,
    penalty: Annotated[float, Option("λ, weight of the critic's gradient penalty", low=0)] = 0.1,
    noise: Annotated[float, Option("noise of a scale, in units of the error of the scale below", low=0)] = 0.1,
    moves: Annotated[int, Option("moves of the critic, then of the generator, in a step", low=1)] = 1,
    rate: o.Rate = 1e-3,
    steps: Annotated[int, Option("steps at every scale", low=1)] = 500,
    average: Annotated[float, Option("decay of the running average of the generators; 0 for none", low=0, below=1)]
    = 0.99,
) -> Recipe:  # fmt: skip
    least = 2 * layers + 2
    if min(y.shape[2:]) < least or coarsest < least:
        told = f"layers={layers}, coarsest={coarsest}, y.shape={tuple(y.shape)}"
        raise ValueError(
            f"singan({told}): {layers} convolutions see patches of {least - 1} elements, and every scale must be "
            f"larger. Give a picture and a coarsest scale of at least {least} along each side, or fewer layers."
        )
    sizes = pyramid_sizes(tuple(y.shape[2:]), coarsest, ratio)
    made = Made(layers, normalise, crop, penalty, moves, rate, steps, average)
    widths = [min(WIDEST, width * 2 ** (0 if grow is None else k // grow)) for k in range(len(sizes))]
    firm = [fidelity * firmer ** (k / max(1, len(sizes) - 1)) for k in range(len(sizes))]
    return climb(y, sizes, widths, firm, made, noise)


@dataclass(frozen=True)
class Made:
    """What all scales have in common."""

    layers: int
    normalise: bool
    crop: int | None
    penalty: float
    moves: int
    rate: float
    steps: int
    average: float


def climb(
    y: Tensor, sizes: Sequence[tuple[int, ...]], widths: Sequence[int], firm: Sequence[float], made: Made, noise: float
) -> Generator[Stage, Stage, None]:
    """Scale after scale; each begins with what the one below has learned, where it is as wide."""
    below = Pyramid(y, sizes, made.layers, made.normalise)
    last: Scale | None = None
    for number, (size, wide) in enumerate(zip(sizes, widths, strict=True)):
        stage = Scale(below, resize(2 * y - 1, size), wide, firm[number], made, noise)
        if last is not None and last.wide == wide:
            stage.level.network.load_state_dict(last.level.network.state_dict())
            stage.critic.load_state_dict(last.critic.state_dict())
        work = [_work(*scale, made.crop) for scale in zip(sizes[number:], widths[number:], strict=True)]
        stage.time_share = work[0] / sum(work)
        last = yield stage  # type: ignore[assignment]
        assert isinstance(last, Scale)
        below = last.sampler()


def _work(size: Sequence[int], wide: int, crop: int | None) -> float:
    """What a step costs, relative to others."""
    return float(wide**2 * math.prod(min(n, crop or n) for n in size))


class Scale(Stage):
    """One scale: its critic, then its generator, move; the scales below stay as they are.

    ``real`` is the picture at this scale, ``(1, C, H, W)`` in [-1, 1].
    """

    prior: Tensor
    real: Tensor

    def __init__(self, below: Pyramid, real: Tensor, wide: int, firm: float, made: Made, noise: float) -> None:
        super().__init__(steps=made.steps)
        channels = real.shape[1]
        self.made, self.wide, self.firm, self.number = made, wide, firm, below.height
        self.below = copy.deepcopy(below)
        self.level = Level(channels, wide, made.layers, made.normalise)
        self.critic = patchwise(2, channels, 1, width=wide, layers=made.layers, normalise=made.normalise)
        self.register_buffer("real", real)
        self.register_buffer("prior", self.lower(self.below.fixed))
        if self.number:
            self.level.amplitude.copy_(noise * (self.prior - real).square().mean().sqrt())
        self.average = WeightAverage(self.level.network, made.average) if made.average else None

    def lower(self, noise: Any) -> Tensor:
        """What the scales below make, enlarged to this one's size."""
        sizes = self.below.sizes[: self.number]
        if not sizes:
            return self.below.blackness(self.real.shape[2:])
        return resize(self.below.climb(sizes, self.below.blackness(sizes[0]), noise), self.real.shape[2:])

    def draw(self) -> Example:
        """A made-up input and the fixed one, in the same place; each as (mixed, prior)."""
        prior = self.lower(fresh)
        z = torch.randn_like(prior if self.number else prior[:, :1])
        known = self.below.fixed(self.number, self.prior)
        mixed, anchored = self.level.mixed(prior, z), self.level.mixed(self.prior, known)
        place = self.place()
        wide = tuple(slice(part.start, part.stop + 2 * self.made.layers) for part in place)
        share = torch.rand(1, 1, 1, 1, device=prior.device)
        made = (cut(mixed, wide), cut(prior, place), cut(anchored, wide), cut(self.prior, place), share)
        return Example(made, cut(self.real, place))

    def place(self) -> tuple[slice, ...]:
        """A random part of the scale, or all of it where it is no larger than a crop."""
        size = self.real.shape[2:]
        sides = [min(n, max(self.made.crop or n, 2 * self.made.layers + 2)) for n in size]
        starts = [int(torch.randint(n - side + 1, ())) for n, side in zip(size, sides, strict=True)]
        return tuple(slice(start, start + side) for start, side in zip(starts, sides, strict=True))

    def judged(self, example: Example) -> Mapping[str, Tensor]:
        """What the critic minimises."""
        mixed, prior, _, _, share = example.input
        with torch.no_grad():
            made = self.level.refine(mixed, prior)
        steep = gradient_penalty(self.critic, example.target, made, share)
        return {"critic": critique(self.critic, example.target, made), "penalty": self.made.penalty * steep}

    def pleased(self, example: Example) -> Mapping[str, Tensor]:
        """What the generator minimises."""
        mixed, prior, anchored, below, _ = example.input
        made, again = self.level.refine(mixed, prior), self.level.refine(anchored, below)
        told = frozen(self.critic, made)
        fidelity = (again - example.target).square().mean()
        return {"adversarial": -told.mean(), "reconstruction": self.firm * fidelity}

    def players(self) -> Sequence[Player]:
        move = adam(self.made.rate, betas=(0.5, 0.999))
        schedule = level_then_down()
        critic = Player(self.critic, self.draw, self.judged, move, schedule, self.made.moves)
        return [critic, Player(self.level, self.draw, self.pleased, move, schedule, self.made.moves)]

    def between(self) -> None:
        if self.average is not None:
            self.average.update(self.level.network)

    def sampler(self) -> Pyramid:
        """The generators so far, this one among them, as they stand."""
        made, level = copy.deepcopy(self.below), copy.deepcopy(self.level)
        if self.average is not None:
            level.network.load_state_dict(self.average.network.state_dict())
        made.add(level, self.wide)
        return made

    def estimate(self) -> Tensor:
        """The reconstruction so far, on the picture's grid."""
        return resize(self.sampler().reconstruction(), self.below.sizes[-1])
