"""A pyramid of generators, each of which adds detail to what the one below it made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired, TypedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.core import Option
from oneself.generative.sampler import Few, Noise, Sampler, Sides, Wide, fresh
from oneself.networks import patchwise
from oneself.operators.resize import resize

__all__ = ["Level", "Pyramid"]


class Level(nn.Module):
    """``x = p + tanh(h(pad(p + σ z)))``: a prior image ``p`` in [-1, 1] with detail added, of the same size.

    ``h`` is a stack of valid convolutions and its input is padded with zeros, so that any size can be made and the
    border is known as such: every element sees ``2 * layers + 1`` along each axis.

    Parameters
    ----------
    channels, width, layers : int
        Of the picture, of the hidden convolutions, and how many convolutions.
    batch_norm : bool
        Batch normalisation between the convolutions, by the statistics of the image at hand.
    """

    amplitude: Tensor

    def __init__(self, channels: int, width: int, layers: int, batch_norm: bool = False) -> None:
        super().__init__()
        self.margin = layers
        self.network = patchwise(2, channels, channels, width=width, layers=layers, batch_norm=batch_norm)
        self.register_buffer("amplitude", torch.ones(()))

    def mixed(self, prior: Tensor, noise: Tensor) -> Tensor:
        """What the network is given for a prior and unit noise: larger by ``margin`` on every side."""
        return F.pad(prior + self.amplitude * noise, [self.margin] * 4)

    def refine(self, mixed: Tensor, prior: Tensor) -> Tensor:
        """The image of a mixed input, or of a part of it (that is larger than its prior by the margin)."""
        detail: Tensor = torch.tanh(self.network(mixed))
        return prior + detail

    def forward(self, prior: Tensor, noise: Tensor) -> Tensor:
        return self.refine(self.mixed(prior, noise), prior)


class Configuration(TypedDict):
    """What a saved ``Pyramid`` says of itself."""

    channels: Wide
    sizes: Annotated[list[Sides], Option("from coarse to fine", low=1, high=256)]
    layers: Few
    batch_norm: NotRequired[bool]
    widths: Annotated[list[Wide], Option("of the levels", low=1, high=256)]


class Pyramid(Sampler):
    """Levels from coarse to fine. The coarsest is given noise alone, the others what is below, enlarged, and noise.

    Parameters
    ----------
    picture : Tensor
        ``(1, C, H, W)`` in [0, 1].
    sizes : sequence of (int, int)
        Of the picture at every level that the whole pyramid will have.
    layers : int
    batch_norm : bool
    widths : sequence of int
        Of the levels that it has so far.

    Notes
    -----
    The noise ``z*`` of the reconstruction is held at the coarsest level; above there is none. The noise of the coarsest
    level is one channel that all share.
    """

    Configuration = Configuration
    z_star: Tensor

    def __init__(
        self,
        picture: Tensor,
        sizes: Sequence[Sequence[int]],
        layers: int,
        batch_norm: bool = False,
        widths: Sequence[int] = (),
    ) -> None:
        super().__init__(picture, sizes)
        self.layers, self.batch_norm = layers, batch_norm
        self.widths: list[int] = []
        self.levels = nn.ModuleList()
        self.register_buffer("z_star", torch.randn(1, 1, *self.sizes[0], device=picture.device))
        for width in widths:
            self.add(Level(picture.shape[1], width, layers, batch_norm), width)

    def add(self, level: Level, width: int) -> None:
        """One more level, finer than all before; it is not trained any further."""
        self.widths.append(width)
        self.levels.append(level.requires_grad_(False))

    @property
    def height(self) -> int:
        """How many levels there are so far."""
        return len(self.levels)

    @torch.no_grad()
    def climb(self, sizes: Sequence[Sequence[int]], prior: Tensor, noise: Noise, start: int = 0) -> Tensor:
        """From a prior in [-1, 1] of the first size through the levels from ``start`` on, one for each size."""
        for number, size in enumerate(sizes, start):
            prior = resize(prior, size)
            made = noise(number, prior if number else prior[:, :1])
            prior = self.levels[number](prior, made.expand_as(prior))
        return prior

    def blackness(self, size: Sequence[int]) -> Tensor:
        """The prior of the coarsest level: nothing."""
        return self.picture.new_zeros(1, self.picture.shape[1], *size)

    def sample(
        self, size: Sequence[int], *, start: int = 0, image: Tensor | None = None, noise: Noise = fresh
    ) -> Tensor:
        sizes = self.level_sizes(size)[: self.height]
        if start == 0:
            prior = self.blackness(sizes[0])
        else:
            given = self.picture if image is None else image
            prior = 2 * resize(given, sizes[min(start, self.height) - 1]) - 1
        made = self.climb(sizes[start:], prior, noise, start)
        return ((made + 1) / 2).clamp(0, 1)

    def fixed(self, level: int, like: Tensor) -> Tensor:
        """The noise of the reconstruction."""
        return self.z_star if level == 0 else torch.zeros_like(like)

    def reconstruction(self) -> Tensor:
        return self.sample(self.sizes[-1], noise=self.fixed)

    def configuration(self) -> Mapping[str, Any]:
        return {
            "channels": self.picture.shape[1],
            "sizes": [list(size) for size in self.sizes],
            "layers": self.layers,
            "batch_norm": self.batch_norm,
            "widths": list(self.widths),
        }

    @classmethod
    def claims(cls, configuration: Mapping[str, Any]) -> tuple[tuple[int, ...], int]:
        channels, layers = configuration["channels"], configuration["layers"]
        shape = (1, channels, *configuration["sizes"][-1])
        return shape, sum(9 * max(0, layers - 2) * width**2 + 9 * channels * width for width in configuration["widths"])

    @classmethod
    def blank(cls, configuration: Mapping[str, Any]) -> Pyramid:
        told = dict(configuration)
        picture = torch.zeros(1, told.pop("channels"), *told["sizes"][-1])
        return cls(picture, **told)

    def memory(self, size: Sequence[int]) -> float:
        wide = max(self.widths, default=1)
        return 4.0 * math.prod(n + 2 * self.layers for n in size) * (3 * wide + 6 * self.picture.shape[1])
