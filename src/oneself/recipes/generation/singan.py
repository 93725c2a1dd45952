"""SinGAN: a pyramid of generative adversarial networks, learned from one picture.

Given           x, one picture
Structure       a generator h_k of patches at every scale k of x; with discriminator="critic" a critic D_k, too
Input           noise σ_k z plus what the scale below made, enlarged; and the fixed noise z* that must give x
Loss            the Wasserstein distance of the patches of h_k(z) and x: by optimal transport to x's patches in closed
                form, and sliced; or by the critic, max over D_k of mean D_k(x) − mean D_k(h_k(z)).
                α ‖h_k(z*) − x‖² for the fixed noise
Regularisation  the small receptive field; the critic's slope is held to 1 (λ)

Rott Shaham, Dekel, Michaeli. SinGAN: learning a generative model from a single natural image. ICCV 2019. The paper's
judge is the critic; transport is Houdard, Leclaire, Papadakis, Rabin (JMIV 2023), sliced Elnekave, Weiss (ECCV 2022).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.core import Example, Learner, Option, Recipe, Stage, WeightAverage, method
from oneself.generative import Level, Pyramid, fresh, pyramid_sizes
from oneself.imaging.cropping import cut, random_place
from oneself.losses import PatchTransport, critique, frozen, sliced_distance
from oneself.losses import gradient_penalty as slope_penalty
from oneself.networks import patchwise
from oneself.operators.resize import resize
from oneself.optim import adam, level_then_down
from oneself.recipes import options as o

WIDEST = 128
PATCH, STRIDE, DIRECTIONS = 7, 3, 32  # side of what is transported, every which, and directions of the sliced distance
PUBLISHED = {
    "min_size": 25,
    "discriminator": "critic",
    "steps_ratio": 1.0,
    "width": 32,
    "double_width_every": 4,
    "scale_factor": 0.75,
    "crop": None,
    "reconstruction_weight": 10.0,
    "reconstruction_growth": 1.0,
    "discriminator_steps": 3,
    "batch_norm": True,
    "lr": 5e-4,
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
    min_size: Annotated[int, Option("shorter side of the picture at the coarsest scale", low=8, high=4096)] = 18,
    scale_factor: Annotated[float, Option("size of a scale relative to the next finer one", low=0.4, high=0.9)] = 0.7,
    width: Annotated[int, Option("channels of the networks at the coarsest scales", low=1, high=1024)] = 32,
    double_width_every: Annotated[
        int | None, Option("scales after which the networks are twice as wide; none for one width", low=1, high=256)
    ] = 8,
    layers: Annotated[
        int, Option("convolutions of each network; patches of 2 layers + 1 are learned", low=2, high=100)
    ] = 5,
    batch_norm: Annotated[bool, Option("batch normalisation in both networks")] = False,
    crop: Annotated[
        int | None,
        Option("side of the random part that a step looks at; none for the whole picture", low=8, high=2**14),
    ] = 128,
    discriminator: Annotated[
        Literal["transport", "critic"],
        Option("what compares patches: optimal transport, in closed form, or a network of its own"),
    ] = "transport",
    transport_weight: Annotated[float, Option("weight of the transport of patches", low=0, high=1e6)] = 50.0,
    sliced_weight: Annotated[float, Option("weight of the sliced distance beside it", low=0, high=1e6)] = 8.0,
    reconstruction_weight: Annotated[
        float, Option("α, weight of the reconstruction from the fixed noise, at the coarsest scale", low=0, high=1e6)
    ] = 5.0,
    reconstruction_growth: Annotated[
        float,
        Option("α grows up to so many times itself at the finest scale, as errors become smaller", low=1, high=1e6),
    ] = 50.0,
    gradient_penalty: Annotated[float, Option("λ, weight of the critic's gradient penalty", low=0, high=1e6)] = 0.1,
    noise_amplitude: Annotated[
        float, Option("noise of a scale, in units of the error of the scale below", low=0, high=100)
    ] = 0.1,
    discriminator_steps: Annotated[
        int, Option("updates of the critic, then of the generator, in a step", low=1, high=1000)
    ] = 1,
    lr: o.LearningRate = 1e-3,
    steps: Annotated[int, Option("steps at the coarsest scale", low=1, high=10**7)] = 2000,
    steps_ratio: Annotated[float, Option("steps at the finest scale, relative to the coarsest", above=0, high=1)] = 0.2,
    average: Annotated[float, Option("decay of the running average of the generators; 0 for none", low=0, below=1)]
    = 0.99,
) -> Recipe:  # fmt: skip
    least = 2 * layers + 2
    if min(y.shape[2:]) < least or min_size < least:
        told = f"layers={layers}, min_size={min_size}, y.shape={tuple(y.shape)}"
        raise ValueError(
            f"singan({told}): {layers} convolutions see patches of {least - 1} elements, and every scale must be "
            f"larger. Give a picture and a coarsest scale of at least {least} along each side, or fewer layers."
        )
    if discriminator == "transport" and not (transport_weight or sliced_weight):
        raise ValueError(
            "singan(transport_weight=0, sliced_weight=0): nothing compares the patches. "
            "Give one of them a weight, or discriminator='critic'."
        )
    sizes = pyramid_sizes(tuple(y.shape[2:]), min_size, scale_factor)
    weights = {"transport": transport_weight, "sliced": sliced_weight} if discriminator == "transport" else {}
    settings = ScaleSettings(layers, batch_norm, crop, weights, gradient_penalty, discriminator_steps, lr, average)
    taken = [max(1, round(steps * steps_ratio ** (k / max(1, len(sizes) - 1)))) for k in range(len(sizes))]
    widths = [
        min(WIDEST, width * 2 ** (0 if double_width_every is None else k // double_width_every))
        for k in range(len(sizes))
    ]
    firm = [reconstruction_weight * reconstruction_growth ** (k / max(1, len(sizes) - 1)) for k in range(len(sizes))]
    return climb(y, sizes, widths, firm, taken, settings, noise_amplitude)


@dataclass(frozen=True)
class ScaleSettings:
    """What all scales have in common; ``weights`` of the parts of the distance of patches, none with a critic."""

    layers: int
    batch_norm: bool
    crop: int | None
    weights: Mapping[str, float]
    gradient_penalty: float
    discriminator_steps: int
    lr: float
    average: float


def climb(
    y: Tensor,
    sizes: Sequence[tuple[int, ...]],
    widths: Sequence[int],
    firm: Sequence[float],
    taken: Sequence[int],
    settings: ScaleSettings,
    noise: float,
) -> Generator[Stage, Stage, None]:
    """Scale after scale; each begins with what the one below has learned, where it is as wide."""
    below = Pyramid(y, sizes, settings.layers, settings.batch_norm)
    last: Scale | None = None
    for number, (size, wide) in enumerate(zip(sizes, widths, strict=True)):
        stage = Scale(below, resize(2 * y - 1, size), wide, firm[number], taken[number], settings, noise)
        if last is not None and last.wide == wide:
            stage.level.network.load_state_dict(last.level.network.state_dict())
            if stage.critic is not None and last.critic is not None:
                stage.critic.load_state_dict(last.critic.state_dict())
        left = zip(sizes[number:], widths[number:], taken[number:], strict=True)
        work = [_work(*scale, settings.crop) for scale in left]
        stage.time_share = work[0] / sum(work)
        last = yield stage  # type: ignore[assignment]
        assert isinstance(last, Scale)
        below = last.sampler()


def _work(size: Sequence[int], wide: int, steps: int, crop: int | None) -> float:
    """What a scale costs, relative to others."""
    return float(steps * wide**2 * math.prod(min(n, crop or n) for n in size))


class Scale(Stage):
    """One scale: its critic, where there is one, then its generator, move; the scales below stay as they are.

    ``real`` is the picture at this scale, ``(1, C, H, W)`` in [-1, 1].
    """

    prior: Tensor
    real: Tensor

    def __init__(
        self, below: Pyramid, real: Tensor, wide: int, firm: float, steps: int, settings: ScaleSettings, noise: float
    ) -> None:
        super().__init__(steps=steps)
        channels = real.shape[1]
        self.settings, self.wide, self.firm, self.number = settings, wide, firm, below.height
        self.below = copy.deepcopy(below)
        self.level = Level(channels, wide, settings.layers, settings.batch_norm)
        judged, self.side = not settings.weights, min(PATCH, 2 * settings.layers + 1)
        self.critic = (
            patchwise(2, channels, 1, width=wide, layers=settings.layers, batch_norm=settings.batch_norm)
            if judged
            else None
        )
        self.register_buffer("real", real)
        weighed = settings.weights.get("transport")
        self.transport = PatchTransport(self.framed(real), self.side, STRIDE) if weighed else None
        self.register_buffer("prior", self.lower(self.below.fixed))
        if self.number:
            self.level.amplitude.copy_(noise * (self.prior - real).square().mean().sqrt())
        self.average = WeightAverage(self.level.network, settings.average) if settings.average else None

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
        wide = tuple(slice(part.start, part.stop + 2 * self.settings.layers) for part in place)
        share = torch.rand(1, 1, 1, 1, device=prior.device)
        made = (cut(mixed, wide), cut(prior, place), cut(anchored, wide), cut(self.prior, place), share)
        return Example(made, cut(self.real, place))

    def place(self) -> list[slice]:
        """A random part of the scale, or all of it where it is no larger than a crop."""
        size = self.real.shape[2:]
        sides = [min(n, max(self.settings.crop or n, 2 * self.settings.layers + 2)) for n in size]
        return random_place(size, sides)

    def judged(self, example: Example) -> Mapping[str, Tensor]:
        """What the critic minimises."""
        assert self.critic is not None
        mixed, prior, _, _, share = example.input
        with torch.no_grad():
            made = self.level.refine(mixed, prior)
        steep = slope_penalty(self.critic, example.target, made, share)
        return {
            "critic": critique(self.critic, example.target, made),
            "penalty": self.settings.gradient_penalty * steep,
        }

    def pleased(self, example: Example) -> Mapping[str, Tensor]:
        """What the generator minimises."""
        mixed, prior, anchored, below, _ = example.input
        made, again = self.level.refine(mixed, prior), self.level.refine(anchored, below)
        fidelity = {"reconstruction": self.firm * (again - example.target).square().mean()}
        return {**self.distance(made, example.target), **fidelity}

    def distance(self, made: Tensor, real: Tensor) -> Mapping[str, Tensor]:
        """Of the patches of what was made from those of the picture, in parts."""
        if self.critic is not None:
            return {"adversarial": -frozen(self.critic, made).mean()}
        found = {}
        if self.transport is not None:
            found["transport"] = self.settings.weights["transport"] * self.transport(self.framed(made))
        if self.settings.weights["sliced"]:
            pair = self.framed(made), self.framed(real)
            found["sliced"] = self.settings.weights["sliced"] * sliced_distance(*pair, self.side, DIRECTIONS)
        return found

    def framed(self, x: Tensor) -> Tensor:
        """With its reflection around it, where all of the scale is looked at: else its border is in few patches."""
        whole = max(self.real.shape[2:]) <= (self.settings.crop or math.inf)
        return F.pad(x, [self.side // 2] * 4, mode="reflect") if whole else x

    def learners(self) -> Sequence[Learner]:
        move = adam(self.settings.lr, betas=(0.5, 0.999))
        schedule = level_then_down()
        level = Learner(self.level, self.draw, self.pleased, move, schedule, self.settings.discriminator_steps)
        if self.critic is None:
            return [level]
        return [Learner(self.critic, self.draw, self.judged, move, schedule, self.settings.discriminator_steps), level]

    def after_step(self) -> None:
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
