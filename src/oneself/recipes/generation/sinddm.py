"""SinDDM: a denoising diffusion model of one picture, over its scales.

Given           x, one picture
Structure       one convolutional network h of small receptive field for all scales, told noise and scale
Input           x_t = √ᾱ_t m_t + √(1 − ᾱ_t) ε at a random scale and time, m_t = γ_t ↑↓x + (1 − γ_t) x
Loss            ‖h(x_t, t, s) − x‖² in units of what x_t leaves open
Regularisation  the small receptive field; the average of the weights along the training
At the coarsest scale samples come, instead, from the denoiser that h tends to: a mean of x's own patches (exact)

Kulikov, Yadin, Kleiner, Michaeli. SinDDM: a single image denoising diffusion model. ICML 2023.
"""

from __future__ import annotations

import copy
import math
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from oneself.core import Example, Fit, Input, Option, WeightAverage, method
from oneself.generative import Cascade, pyramid_sizes
from oneself.generative import diffusion as d
from oneself.imaging.cropping import cut, random_place
from oneself.losses import Fidelity
from oneself.optim import OPTIMISERS, one_cycle
from oneself.recipes import options as o

# Network and schedule of the learning rate are not the paper's, whose patches have 35 elements (`layers` of 17).
PUBLISHED = {
    "min_size": 42,
    "dilated_layers": 0,
    "closed_form": 0.0,
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
    presets={"published": PUBLISHED},
)
def sinddm(
    y: Tensor,
    physics: Any,
    *,
    min_size: Annotated[int, Option("shorter side of the picture at the coarsest scale", low=8, high=4096)] = 32,
    scale_factor: Annotated[float, Option("size of a scale relative to the next finer one", low=0.4, high=0.9)] = 0.7,
    width: Annotated[int, Option("channels of the network", low=1, high=1024)] = 48,
    layers: Annotated[
        int,
        Option("convolutions of the network; patches of 2 (layers + dilated_layers) + 1 are learned", low=2, high=100),
    ] = 6,
    dilated_layers: Annotated[
        int, Option("how many of them, in the middle, see twice as far; fewer than layers", low=0, high=100)
    ] = 2,
    timesteps: Annotated[int, Option("steps from noise to picture at the coarsest scale", low=2, high=10**4)] = 100,
    start_noise: Annotated[
        float,
        Option(
            "noise that a finer scale begins with, in units of the error of the enlarged one below", above=0, high=1e3
        ),
    ] = 2.0,
    closed_form: Annotated[
        float,
        Option("share of the coarsest scale's steps made by the best denoiser of its patches", low=0, high=1),
    ] = 0.95,
    crop: Annotated[
        int | None,
        Option("side of the random part that a step looks at; none for the whole picture", low=8, high=2**14),
    ] = 64,
    batch: Annotated[
        int, Option("noisy copies in a step, of the finest scale; more of smaller ones", low=1, high=1024)
    ] = 2,
    coarsest_oversampling: Annotated[
        float, Option("how often the coarsest scale is seen, relative to each other", above=0, high=1e3)
    ] = 2.0,
    loss: Annotated[
        Literal["l2", "l1"], Option("the error's norm: 'l2' learns means, 'l1' medians, which mute the picture")
    ] = "l2",
    optimiser: o.Optimiser = "muon",
    lr: o.LearningRate = 5e-3,
    steps: o.Steps = 1500,
    average: Annotated[float, Option("decay of the running average of the weights; 0 for none", low=0, below=1)] = 0.99,
) -> Fit:
    if dilated_layers >= layers:
        raise ValueError(
            f"sinddm(dilated_layers={dilated_layers}, layers={layers}): the first one sees as it is. Give fewer."
        )
    least = 2 * (layers + dilated_layers) + 2
    if min(y.shape[2:]) < least or min_size < least:
        told = f"layers={layers}, dilated_layers={dilated_layers}, min_size={min_size}, y.shape={tuple(y.shape)}"
        raise ValueError(
            f"sinddm({told}): they see patches of {least - 1} elements, and every scale must be "
            f"larger. Give a picture and a coarsest scale of at least {least} along each side, or fewer."
        )
    sizes = pyramid_sizes(tuple(y.shape[2:]), min_size, scale_factor)
    cascade = Cascade(y, sizes, width, layers, timesteps, start_noise, dilated_layers, closed_form)
    return Diffusion(
        cascade,
        structure=cascade.network,
        input=Diffused(cascade, batch, crop, coarsest_oversampling),
        loss=Fidelity(power=1 if loss == "l1" else 2),
        optimiser=OPTIMISERS[optimiser](lr),
        schedule=one_cycle(),
        steps=steps,
        average=WeightAverage(cascade.network, average) if average else None,
        image_output=False,
        answer_cost=1 + float(cascade.starts[1:].sum()) / (3 * batch),
    )


class Diffused(Input):
    """Noisy copies of the picture, or of a random part of it, at one random scale and at times spread evenly."""

    def __init__(self, cascade: Cascade, batch: int, crop: int | None, emphasis: float) -> None:
        super().__init__()
        self.cascade, self.crop = cascade, crop
        self.first = emphasis / (emphasis + cascade.scales - 1)  # how often the coarsest scale is seen
        self.pairs = [cascade.pair(scale) for scale in range(cascade.scales)]
        room = [math.prod(self.sides(scale)) for scale in range(cascade.scales)]
        self.batches = [round(batch * room[-1] / of) for of in room]

    def sides(self, scale: int) -> list[int]:
        """Of the part that a step looks at: its border, where the network would take it for the picture's, is extra."""
        most = self.crop + 2 * self.cascade.network.margin if self.crop else math.inf
        return [int(min(n, most)) for n in self.cascade.sizes[scale]]

    def forward(self) -> Example:
        scales = self.cascade.scales
        return self.at(0 if torch.rand(()) < self.first else int(torch.randint(1, scales, ())))

    def at(self, scale: int) -> Example:
        cascade = self.cascade
        place = random_place(cascade.sizes[scale], self.sides(scale))
        real, soft = (cut(x, place) for x in self.pairs[scale])
        step = self.steps(scale).to(real.device)
        mixed = torch.lerp(real, soft, d.each(cascade.softness(scale, step), real))
        noisy = d.noised(mixed, torch.randn_like(mixed), d.each(cascade.alpha_bar[step], real))
        given, skip, out = cascade.factors(step, real)
        told = (given * noisy, cascade.told(step), torch.full_like(step, scale))
        return Example(told, (real - skip * noisy) / out, self.inside(scale, place).to(real))

    def steps(self, scale: int) -> Tensor:
        """One for each of the batch, each from its own part of the range."""
        batch = self.batches[scale]
        even = (torch.arange(batch) + torch.rand(batch)) / batch
        return 1 + (even * self.cascade.learned(scale)).long()

    def inside(self, scale: int, place: list[slice]) -> Tensor:
        """0 where the network sees beyond a border that is not the picture's, ``(1, 1, H, W)``."""
        margin = self.cascade.network.margin
        sides = [part.stop - part.start for part in place]
        starts = [margin if part.start else 0 for part in place]
        ends = [margin if part.stop < n else 0 for part, n in zip(place, self.cascade.sizes[scale], strict=True)]
        known = torch.zeros(1, 1, *sides)
        cut(known, [slice(a, n - b) for a, b, n in zip(starts, ends, sides, strict=True)]).fill_(1)
        return known

    def evaluation_example(self) -> Example:
        return self.forward()


class Diffusion(Fit):
    """The fit of a cascade's network."""

    def __init__(self, cascade: Cascade, **parts: Any) -> None:
        super().__init__(**parts, output=self._reconstruction)
        self.cascade = cascade

    def sampler(self) -> Cascade:
        """The cascade as it stands."""
        made = copy.deepcopy(self.cascade)
        made.network.load_state_dict(self.network.state_dict())
        return made

    def _reconstruction(self, network: nn.Module) -> Tensor:
        return self.sampler().reconstruction()
