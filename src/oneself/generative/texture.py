"""A recording's own moments, put together anew: every cut leads to a moment whose past sounds like that of the cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypedDict

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.core import Option
from oneself.generative.sampler import Noise, Sampler, Wide, fresh

__all__ = ["Texture", "best_shift", "crossfaded"]

FADE = 0.02  # seconds over which one segment goes over into the next
SHIFT = 0.015  # seconds by which a segment is moved so that waves meet


class Configuration(TypedDict):
    """What a saved ``Texture`` says of itself."""

    channels: Wide
    length: Annotated[int, Option("samples", low=1, high=2**32)]
    rate: Annotated[float, Option("samples in a second", above=0, high=1e7)]
    hop: Annotated[int, Option("samples between two moments", low=1, high=2**20)]
    neighbours: Annotated[int, Option("of every moment", low=1, high=2**12)]
    shortest: Annotated[float, Option("of a segment, in seconds", above=0, high=1e3)]
    longest: Annotated[float, Option("of a segment, in seconds", above=0, high=1e3)]
    temperature: Annotated[float, Option("of the attention", low=0, high=1e3)]


class Texture(Sampler):
    """Segments of the recording, each of which begins where attention leads from the end of the one before.

    Attention is over the moments that are most like each moment in what was heard just before: a pair (cut, target)
    among all cuts that a segment allows has the weight ``exp(−d² / (2 τ m²))``, d the distance of the pasts, m² the
    median of the least d², τ the temperature. Each time that a target was heard already adds m² to its d².

    Parameters
    ----------
    picture : Tensor
        The recording's samples, ``(1, C, T)``.
    rate : float
        Samples in a second.
    hop : int
        Samples between two moments.
    targets, distances : Tensor
        For each moment the numbers of the moments most like it, ``(moments, neighbours)``, and d².
    shortest, longest : float
        Of a segment, in seconds.
    temperature : float
    """

    Configuration = Configuration
    targets: Tensor
    distances: Tensor

    def __init__(
        self, picture: Tensor, rate: float, hop: int, targets: Tensor, distances: Tensor,
        shortest: float, longest: float, temperature: float,
    ) -> None:  # fmt: skip
        super().__init__(picture, [tuple(picture.shape[2:])])
        self.rate, self.hop = rate, hop
        self.shortest, self.longest, self.temperature = shortest, longest, temperature
        self.register_buffer("targets", targets)
        self.register_buffer("distances", distances)

    def sample(
        self, size: Sequence[int], *, start: int = 0, image: Tensor | None = None, noise: Noise = fresh
    ) -> Tensor:
        """New samples ``(1, C, T)``; there is one scale, and nothing to begin from."""
        (length,) = size
        source = self.picture[0]
        fade = min(self._samples(FADE), source.shape[1] // 8)
        made = source.new_zeros(source.shape[0], length)
        begin, found = int(torch.randint(len(self.targets), ())) * self.hop, 0
        place = min(begin, source.shape[1] - 2 * fade)
        heard_before = source.new_zeros(len(self.targets))
        while found < length:
            cut, target = self._next(place, heard_before)
            heard_before[place // self.hop : cut // self.hop + 1] += 1
            found = crossfaded(made, source[:, place : max(cut, place + 2 * fade)], found, fade)
            heard = made[:, max(0, found - 2 * fade) : found]
            place = best_shift(source, heard, target - heard.shape[1], self._samples(SHIFT)) + heard.shape[1]
            place = min(max(0, place - fade), source.shape[1] - 2 * fade)
        return made[None]

    def _samples(self, seconds: float) -> int:
        return max(1, round(seconds * self.rate))

    def _next(self, place: int, heard_before: Tensor) -> tuple[int, int]:
        """Where a segment that begins at a place ends, and where the next one begins, in samples."""
        moments = len(self.targets)
        first = min(place + self._samples(self.shortest), (moments - 1) * self.hop) // self.hop
        last = min(place + self._samples(self.longest), (moments - 1) * self.hop) // self.hop
        usual = self.distances[:, 0].median().clamp(min=1e-12)
        distances = self.distances[first : last + 1] + usual * heard_before[self.targets[first : last + 1]]
        weights = torch.exp(-(distances - distances.min()) / (2 * max(self.temperature, 1e-6) * usual))
        chosen = int(torch.multinomial(weights.flatten(), 1))
        cut, number = divmod(chosen, distances.shape[1])
        return (first + cut) * self.hop, int(self.targets[first + cut, number]) * self.hop

    def reconstruction(self) -> Tensor:
        """The recording itself: it is all that is held of it."""
        return self.picture.clone()

    def fixed(self, level: int, like: Tensor) -> Tensor:
        return torch.zeros_like(like)

    def configuration(self) -> Mapping[str, Any]:
        return {
            "channels": self.picture.shape[1],
            "length": self.picture.shape[2],
            "rate": self.rate,
            "hop": self.hop,
            "neighbours": self.targets.shape[1],
            "shortest": self.shortest,
            "longest": self.longest,
            "temperature": self.temperature,
        }

    @classmethod
    def claims(cls, configuration: Mapping[str, Any]) -> tuple[tuple[int, ...], int]:
        return (1, configuration["channels"], configuration["length"]), 0

    @classmethod
    def blank(cls, configuration: Mapping[str, Any]) -> Texture:
        told = dict(configuration)
        picture = torch.zeros(1, told.pop("channels"), told.pop("length"))
        shape = -(-picture.shape[2] // told["hop"]), told.pop("neighbours")
        return cls(picture, targets=torch.zeros(shape, dtype=torch.long), distances=torch.zeros(shape), **told)

    def memory(self, size: Sequence[int]) -> float:
        return 4.0 * self.picture.shape[1] * size[0] * 3


def crossfaded(made: Tensor, segment: Tensor, place: int, fade: int) -> int:
    """Put a segment ``(C, S)`` into what is made so that it goes over from what lies before ``place``; where it ends.

    Over the ``fade`` samples before ``place``, which the segment begins with, both are added with the weights of a
    raised cosine, which sum up to 1, as waves that meet should.
    """
    over = min(fade, place, segment.shape[1])
    rising = 0.5 - 0.5 * torch.cos(torch.pi * (torch.arange(over, device=made.device) + 0.5) / max(over, 1))
    begin = place - over
    end = min(made.shape[1], begin + segment.shape[1])
    made[:, begin:place] = made[:, begin:place] * (1 - rising) + segment[:, :over] * rising
    made[:, place:end] = segment[:, over : end - begin]
    return end


def best_shift(source: Tensor, pattern: Tensor, place: int, reach: int) -> int:
    """The place within ``reach`` of one where ``source`` ``(C, T)`` is most like a pattern ``(C, n)``: the largest
    normalised correlation."""
    size = pattern.shape[1]
    first = max(0, min(place - reach, source.shape[1] - size))
    last = max(first, min(place + reach, source.shape[1] - size))
    around = source[:, first : last + size]
    if around.shape[1] < size or size == 0:
        return max(0, place)
    inner = F.conv1d(around[None], pattern[None])[0, 0]
    energy = F.conv1d(around.square().sum(0)[None, None], pattern.new_ones(1, 1, size))[0, 0]
    return first + int((inner / energy.clamp(min=1e-12).sqrt()).argmax())
