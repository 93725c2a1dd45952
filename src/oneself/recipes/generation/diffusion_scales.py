"""Denoising diffusion over the scales of one picture: the training that SinDDM and its kin share."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn

from oneself.core import Example, Fit, Input, WeightAverage
from oneself.generative import Cascade, pyramid_sizes
from oneself.generative import diffusion as d
from oneself.imaging.cropping import cut, random_place
from oneself.losses import Fidelity
from oneself.optim import OPTIMISERS, one_cycle

__all__ = ["Diffused", "Diffusion", "diffusion_over_scales"]


def diffusion_over_scales(
    method: str,
    y: Tensor,
    *,
    min_size: int,
    scale_factor: float,
    width: int,
    layers: int,
    dilated_layers: int,
    timesteps: int,
    start_noise: float,
    crop: int | None,
    batch: int,
    coarsest_oversampling: float,
    loss: str,
    optimiser: str,
    lr: float,
    steps: int,
    average: float,
    closed_form: float = 0.0,
) -> Diffusion:
    """The fit of a ``Cascade``. Parameters are the methods' options of these names.

    Raises
    ------
    ValueError
        Too many dilated layers; a picture or a coarsest scale that is no larger than a patch.
    """
    if dilated_layers >= layers:
        raise ValueError(
            f"{method}(dilated_layers={dilated_layers}, layers={layers}): the first convolution is never dilated. "
            "Give fewer dilated layers than layers."
        )
    least = 2 * (layers + dilated_layers) + 2
    if min(y.shape[2:]) < least or min_size < least:
        told = f"layers={layers}, dilated_layers={dilated_layers}, min_size={min_size}, y.shape={tuple(y.shape)}"
        raise ValueError(
            f"{method}({told}): the network sees patches of {least - 1} elements, and every scale must be larger. "
            f"Give a picture and a min_size of at least {least} along each side, or fewer layers."
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

    def __init__(self, cascade: Cascade, batch: int, crop: int | None, coarsest_oversampling: float) -> None:
        super().__init__()
        self.cascade, self.crop = cascade, crop
        self.first = coarsest_oversampling / (
            coarsest_oversampling + cascade.scales - 1
        )  # how often the coarsest scale is seen
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
