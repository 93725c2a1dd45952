"""SinDDM: a denoising diffusion model of one picture, over its scales.

Given           x, one picture
Structure       one convolutional network h of small receptive field for all scales, told time and scale
Input           x_t = √ā_t m_t + √(1 − ā_t) ε at a random scale and time, m_t = γ_t ↑↓x + (1 − γ_t) x
Loss            ‖h(x_t, t, s) − (√ā_t ε − √(1 − ā_t) m_t)‖² (published: the error of ε, absolute)
Regularisation  the small receptive field; the average of the weights along the training

Kulikov, Yadin, Kleiner, Michaeli. SinDDM: a single image denoising diffusion model. ICML 2023.
"""

from __future__ import annotations

from typing import Annotated, Any

import torch
from torch import Tensor, nn

from oneself import options as o
from oneself.core import Example, Fit, Input, Option, WeightAverage, method
from oneself.core.cropping import cut
from oneself.generators import Cascade, pyramid_sizes
from oneself.optim import OPTIMISERS, one_cycle
from oneself.terms import Fidelity

PUBLISHED = {
    "coarsest": 42,
    "ratio": 0.709,
    "width": 160,
    "blocks": 4,
    "boldness": 1.0,
    "crop": None,
    "batch": 32,
    "optimiser": "adam",
    "rate": 1e-3,
    "steps": 120_000,
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
    coarsest: Annotated[int, Option("shorter side of the picture at the coarsest scale", low=8)] = 25,
    ratio: Annotated[float, Option("size of a scale relative to the next finer one", low=0.4, high=0.9)] = 0.7,
    width: Annotated[int, Option("channels of the network", low=1)] = 48,
    blocks: Annotated[int, Option("blocks of the network; patches of 8 blocks + 3 are learned", low=1)] = 2,
    times: Annotated[int, Option("steps from noise to picture at the coarsest scale", low=2)] = 100,
    boldness: Annotated[
        float, Option("noise that a finer scale begins with, in units of the error of the enlarged one below", above=0)
    ] = 1.5,
    crop: Annotated[
        int | None, Option("side of the random part that a step looks at; none for the whole picture", low=8)
    ] = 64,
    batch: Annotated[int, Option("noisy copies in a step", low=1)] = 4,
    optimiser: o.Optimiser = "muon",
    rate: o.Rate = 5e-3,
    steps: o.Steps = 3000,
    average: Annotated[float, Option("decay of the running average of the weights; 0 for none", low=0, below=1)] = 0.99,
) -> Fit:
    least = 4 * blocks + 2
    if min(y.shape[2:]) < least:
        raise ValueError(
            f"sinddm(blocks={blocks}, y.shape={tuple(y.shape)}): patches of {8 * blocks + 3} elements are learned, and "
            f"the picture must be at least half as large. Give {least} along each side, or fewer blocks."
        )
    cascade = Cascade(y, pyramid_sizes(tuple(y.shape[2:]), coarsest, ratio), width, blocks, times, boldness)
    return Diffusion(
        cascade,
        structure=cascade.network,
        input=Diffused(cascade, batch, crop),
        loss=Fidelity(),  # absolute errors teach the median: what is rare is never made
        optimiser=OPTIMISERS[optimiser](rate),
        schedule=one_cycle(),
        steps=steps,
        average=WeightAverage(cascade.network, average) if average else None,
        image_output=False,
        answer_cost=float(cascade.starts.sum()) / (3 * batch),
    )


class Diffused(Input):
    """Noisy copies of the picture, or of a random part of it, at one random scale and at random times."""

    def __init__(self, cascade: Cascade, batch: int, crop: int | None) -> None:
        super().__init__()
        self.batch, self.crop, self.cascade = batch, crop, cascade
        self.pairs = [cascade.pair(scale) for scale in range(cascade.scales)]
        self.shares = cascade.starts.float().cpu()  # every step of every scale equally often

    def forward(self) -> Example:
        cascade = self.cascade
        scale = int(torch.multinomial(self.shares, 1))
        real, soft = self.pairs[scale]
        sides = [min(n, self.crop or n) for n in real.shape[2:]]
        corners = [int(torch.randint(n - side + 1, ())) for n, side in zip(real.shape[2:], sides, strict=True)]
        place = [slice(corner, corner + side) for corner, side in zip(corners, sides, strict=True)]
        real, soft = cut(real, place), cut(soft, place)
        # spread evenly over the times, so that a small batch is told of all of them
        even = (torch.arange(self.batch) + torch.rand(self.batch)) / self.batch
        time = (1 + (even * int(cascade.starts[scale])).floor()).to(real)
        left = cascade.left[time.long()].reshape(-1, 1, 1, 1)
        share = cascade.softness(scale, time).reshape(-1, 1, 1, 1)
        mixed = share * soft + (1 - share) * real
        noise = torch.randn_like(mixed)
        told = (time / cascade.times, torch.full_like(time, scale / max(1, cascade.scales - 1)))
        target = left.sqrt() * noise - (1 - left).sqrt() * mixed
        return Example((left.sqrt() * mixed + (1 - left).sqrt() * noise, *told), target)

    def still(self) -> Example:
        return self.forward()


class Diffusion(Fit):
    """The fit of a cascade's network."""

    def __init__(self, cascade: Cascade, **parts: Any) -> None:
        super().__init__(**parts, output=self._reconstruction)
        self.cascade = cascade

    def sampler(self) -> Cascade:
        """The cascade as it stands."""
        made = Cascade.blank(self.cascade.configuration()).to(self.cascade.picture.device)
        state = self.cascade.state_dict()
        made.load_state_dict(state)
        made.network.load_state_dict(self.network.state_dict())
        return made

    def _reconstruction(self, network: nn.Module) -> Tensor:
        return self.sampler().reconstruction()
