"""Generators of waveforms from coarse rates to fine, each of which adds detail to what the one below it made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.core import Option
from oneself.generative.sampler import Few, Noise, Sampler, Wide, fresh
from oneself.networks.waveform import DilatedGenerator, reach_of
from oneself.operators.rates import interpolated, resampled

__all__ = ["WaveLevel", "Waves"]


class WaveLevel(nn.Module):
    """One rate's generator: ``G(pad(p + σ z), p)``, of a prior ``p`` and unit noise ``z`` ``(1, C, T)``."""

    amplitude: Tensor

    def __init__(self, channels: int, width: int, layers: int) -> None:
        super().__init__()
        self.margin = reach_of(layers)
        self.network = DilatedGenerator(channels, width, layers)
        self.register_buffer("amplitude", torch.ones(()))

    def mixed(self, prior: Tensor, noise: Tensor) -> Tensor:
        """What the network is given: longer by ``margin`` at either end."""
        return F.pad(prior + self.amplitude * noise, (self.margin, self.margin))

    def forward(self, prior: Tensor, noise: Tensor) -> Tensor:
        made: Tensor = self.network(self.mixed(prior, noise), prior)
        return made


Lengths = Annotated[list[Annotated[int, Option("samples", low=1, high=2**32)]], Option("of the time", low=1, high=1)]


class Configuration(TypedDict):
    """What a saved ``Waves`` says of itself."""

    channels: Wide
    sizes: Annotated[list[Lengths], Option("from coarse to fine", low=1, high=256)]
    layers: Few
    widths: Annotated[list[Wide], Option("of the levels", low=1, high=256)]


class Waves(Sampler):
    """Levels from coarse to fine. The coarsest is given noise alone, the others what is below, interpolated, and noise.

    Parameters
    ----------
    picture : Tensor
        The recording's samples, ``(1, C, T)``.
    sizes : sequence of (int,)
        How many samples the recording has at every rate.
    layers : int
        Dilated convolutions of each network.
    widths : sequence of int
        Of the levels that it has so far.

    Notes
    -----
    The noise ``z*`` of the reconstruction is drawn at the coarsest level; above there is none but in gaps
    (``draw_in``). Networks work on samples whose largest is 1.
    """

    Configuration = Configuration
    peak: Tensor

    def __init__(
        self, picture: Tensor, sizes: Sequence[Sequence[int]], layers: int, widths: Sequence[int] = ()
    ) -> None:
        super().__init__(picture, sizes)
        self.layers = layers
        self.widths: list[int] = []
        self.levels = nn.ModuleList()
        self.register_buffer("peak", picture.abs().max().clamp(min=1e-12))
        for number, (size,) in enumerate(self.sizes):
            shape, make = (1, picture.shape[1], size), torch.zeros if number else torch.randn
            self.register_buffer(f"z_star_{number}", make(shape, device=picture.device))
        for width in widths:
            self.add(WaveLevel(picture.shape[1], width, layers), width)

    def add(self, level: WaveLevel, width: int) -> None:
        """One more level, finer than all before; it is not trained any further."""
        self.widths.append(width)
        self.levels.append(level.requires_grad_(False))

    def draw_in(self, number: int, gaps: Tensor) -> None:
        """Draw the reconstruction's noise of a level in gaps, ``(1, 1, T)`` of 1 and 0, too."""
        held = self.fixed(number, self.picture)
        held.copy_(torch.where(gaps > 0, torch.randn_like(held), held))

    @property
    def height(self) -> int:
        """How many levels there are so far."""
        return len(self.levels)

    @torch.no_grad()
    def climb(self, sizes: Sequence[Sequence[int]], prior: Tensor, noise: Noise, start: int = 0) -> Tensor:
        """From a prior through the levels from ``start`` on, one for each size."""
        for number, (size,) in enumerate(sizes, start):
            prior = interpolated(prior, size)
            prior = self.levels[number](prior, noise(number, prior))
        return prior

    def silence(self, size: int) -> Tensor:
        """The prior of the coarsest level: nothing."""
        return self.picture.new_zeros(1, self.picture.shape[1], size)

    def sample(
        self, size: Sequence[int], *, start: int = 0, image: Tensor | None = None, noise: Noise = fresh
    ) -> Tensor:
        """Samples ``(1, C, T)``, as loud as the recording; ``start`` above 0 keeps its own coarse course."""
        sizes = self.level_sizes(size)[: self.height]
        if start == 0:
            prior = self.silence(sizes[0][0])
        else:
            given = self.picture if image is None else image
            prior = resampled(given, sizes[min(start, self.height) - 1][0]) / self.peak
        return self.climb(sizes[start:], prior, noise, start) * self.peak

    def fixed(self, level: int, like: Tensor) -> Tensor:
        """The noise of the reconstruction."""
        held: Tensor = self.get_buffer(f"z_star_{level}")
        return held

    def reconstruction(self) -> Tensor:
        return self.sample(self.sizes[-1], noise=self.fixed)

    def configuration(self) -> Mapping[str, Any]:
        sizes = [list(size) for size in self.sizes]
        return {"channels": self.picture.shape[1], "sizes": sizes, "layers": self.layers, "widths": list(self.widths)}

    @classmethod
    def claims(cls, configuration: Mapping[str, Any]) -> tuple[tuple[int, ...], int]:
        shape = (1, configuration["channels"], *configuration["sizes"][-1])
        return shape, sum(9 * configuration["layers"] * width**2 for width in configuration["widths"])

    @classmethod
    def blank(cls, configuration: Mapping[str, Any]) -> Waves:
        told = dict(configuration)
        return cls(torch.zeros(1, told.pop("channels"), *told["sizes"][-1]), **told)

    def memory(self, size: Sequence[int]) -> float:
        wide: int = max(self.widths, default=1)
        return 4.0 * float(size[0] + 2 * reach_of(self.layers)) * (4 * wide + 6 * self.picture.shape[1])
