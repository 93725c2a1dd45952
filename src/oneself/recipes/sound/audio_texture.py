"""Audio texture: new recordings of any length from the moments of one, by attention over what was heard before them.

Given           x, one recording, with gaps where it is to be filled in
Structure       none: keys are what was heard just before each moment, in bands of frequency; values what comes next
Input           none
Loss            none
Regularisation  none: a segment ends, and the next begins, at two moments drawn by attention, exp(−d² / 2τm²) of the
                distance d of their keys; in a gap stands the segment whose surroundings are most like the gap's

Lu, Wenyin, Zhang. Audio textures: theory and applications. IEEE Trans. Speech and Audio Processing 2004.
Perraudin, Holighaus, Majdak, Balazs. Inpainting of long audio segments with similarity graphs. IEEE/ACM TASLP 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from torch import Tensor

from oneself.core import Option, Stage, method
from oneself.domains import RECORDING, Recording
from oneself.generative.texture import Texture
from oneself.operators.kept import kept_elements
from oneself.recipes.sound.filling import filled, gaps_of
from oneself.recipes.sound.moments import hop_of, moments_of, pasts, similar

FEWEST = 32  # samples of a recording that has moments
BLOCK = 256  # moments whose neighbours a step looks for
GUARD = 0.5  # seconds that a jump leads over at least, or a tenth of a shorter recording


class Attention(Stage):
    """The moments most like each moment, some a step; then every gap, a step each.

    Parameters
    ----------
    y : Recording
    known : Tensor
        ``(T,)``, false in gaps.
    neighbours : int
        Moments that are kept for each.
    context, shortest, longest : float
        Seconds.
    temperature : float
    """

    targets: Tensor
    distances: Tensor
    place: Tensor
    made: Tensor

    def __init__(
        self, y: Recording, known: Tensor, neighbours: int, context: float, shortest: float, longest: float,
        temperature: float,
    ) -> None:  # fmt: skip
        self.hop, self.gaps = hop_of(y), gaps_of(known)
        moments = -(-y.samples.shape[-1] // self.hop)
        self.block = min(BLOCK, -(-moments // 4))
        self.searches = -(-moments // self.block)
        super().__init__(steps=self.searches + len(self.gaps))
        self.y, self.known, self.context = y, known, max(1, round(context * y.rate / self.hop))
        self.settings = (shortest, max(longest, shortest), temperature)
        self.guard = max(1, round(min(GUARD * y.rate, y.samples.shape[-1] / 10) / self.hop))
        self.keys = moments_of(y, self.hop)
        count = min(neighbours, moments)
        self.register_buffer("targets", torch.zeros(moments, count, dtype=torch.long))
        self.register_buffer("distances", torch.zeros(moments, count))
        self.register_buffer("place", torch.zeros((), dtype=torch.long))
        self.register_buffer("made", y.samples.clone())

    def solve(self) -> Mapping[str, Tensor]:
        step = int(self.place)
        self.place += 1
        if step >= self.searches:
            gap = self.gaps[step - self.searches]
            settings = self.keys, self.hop, self.context, self.y.rate
            self.made[0], distance = filled(self.made[0], self.known, gap, *settings)
            return {"distance": distance}
        rows = slice(step * self.block, (step + 1) * self.block)
        found = similar(pasts(self.keys, self.context), rows, self._allowed(), self.guard, self.targets.shape[1])
        self.targets[rows], self.distances[rows] = found
        return {"distance": found[1][:, 0].mean()}

    def _allowed(self) -> Tensor:
        """Moments with some of the recording after them, and no gap in their past or near future."""
        heard = self.known[:: self.hop].clone()
        for gap in self.gaps:
            heard[max(0, gap.start // self.hop - 1) : gap.stop // self.hop + self.context + 1] = False
        heard[len(heard) - max(1, self.guard // 2) :] = False
        return heard if bool(heard.any()) else torch.ones_like(heard)

    def estimate(self) -> Tensor:
        return self.made.clone()

    def sampler(self) -> Texture:
        """What makes new recordings, of the moments that were compared so far."""
        return Texture(self.made, self.y.rate, self.hop, self.targets, self.distances, *self.settings)


@method(
    "Audio texture by attention",
    cite="Lu, Wenyin, Zhang. Audio textures: theory and applications. IEEE Trans. Speech and Audio Processing 2004. "
    "Perraudin, Holighaus, Majdak, Balazs. Inpainting of long audio segments with similarity graphs. IEEE/ACM Trans. "
    "Audio, Speech, and Language Processing 2018.",
    tasks=("generate", "inpaint"),
    needs=("A",),
    domain=RECORDING,
    deterministic=True,
)
def audio_texture(
    y: Recording,
    physics: Any,
    *,
    neighbours: Annotated[int, Option("moments that attention is over, for each cut", low=1, high=4096)] = 16,
    context: Annotated[float, Option("seconds before a moment that it is known by", above=0, high=60)] = 0.4,
    shortest: Annotated[float, Option("shortest segment, in seconds", above=0, high=1e3)] = 0.3,
    longest: Annotated[float, Option("longest segment, in seconds", above=0, high=1e3)] = 1.5,
    temperature: Annotated[float, Option("τ: the higher, the less like a jump's two ends are", low=0, high=1e3)] = 0.1,
) -> Stage:
    length = y.samples.shape[-1]
    if length < FEWEST:
        raise ValueError(f"audio_texture(y): {length} samples. Give a recording of at least {FEWEST}.")
    kept = kept_elements(physics, y.samples)
    known = torch.ones_like(y.samples[0, 0], dtype=torch.bool) if kept is None else (kept[0] > 0).all(0)
    if not bool(known.any()):
        raise ValueError("audio_texture(physics): the operator keeps nothing of the recording. Check its mask.")
    return Attention(y, known, neighbours, context, shortest, longest, temperature)
