"""Diffusion at one scale, of a picture or of a clip's frames: what follows a frame, and what stands between two."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired, TypedDict

import torch
from torch import Tensor, nn

from oneself.core import Option
from oneself.generative import diffusion as d
from oneself.generative.guidance import Shaping
from oneself.generative.sampler import Few, Noise, Side, Steered, Wide, fresh
from oneself.imaging.cropping import cut
from oneself.networks import ConvNeXt
from oneself.operators.resize import resize

__all__ = ["PARTS", "Fusion"]

PARTS = {"picture": (0, 1), "next": (1, 2), "between": (2, 1)}  # frames that a network is shown, numbers it is told
CLEANED = 0.5  # of what the network of single frames takes for noise, that is taken from a predicted frame
LAST = {"picture": 0.08, "next": 1 / 3, "between": 1 / 3}  # of the levels that are left out: they would add grain alone
SMALLEST = 1e-3  # of a gain: where nothing moves at all
ANCHORED = 1 / 3  # of the way to noise from which the reconstruction comes back
DRAWS = 4  # of noise, each of both signs, whose estimates make an expected frame


class Configuration(TypedDict):
    """What a saved ``Fusion`` says of itself."""

    shape: Annotated[list[Side], Option("of the picture or clip", low=4, high=5)]
    timesteps: Annotated[int, Option("steps", low=1, high=10**4)]
    width: Wide
    blocks: Few
    kernel_radius: Few
    s_noise: NotRequired[Annotated[float, Option("a factor", above=0, high=1e6)]]


class Fusion(Steered):
    """Noise becomes a picture in ``timesteps`` steps; every step is a scale, so that ``start`` is a level of noise.

    Pictures are ``(B, C, H, W)`` in [0, 1], a clip is ``(1, C, T, H, W)``. Inside, ``x`` is in [-1, 1]. What becomes
    noise is ``u = (x − b) / g`` with the mean ``b`` of the frames that a network is shown (0 where there are none) and
    the root mean square ``g`` of what is left, so that little is to be told where little moves; a network ``h`` tells
    ``u ≈ skip · u_t + out · h(given · u_t, frames shown, numbers told)`` (``diffusion.preconditioning``).

    Parameters
    ----------
    picture : Tensor
        A picture, or a clip.
    timesteps : int
        Steps from noise to picture.
    s_noise : float
        How much stronger the noise is that pictures come from, than it should be by the schedule, at the end of the
        way; it grows evenly in its logarithm. What a network leaves out of its estimate stays in the noise that is told
        from it, and a little more of that makes up for it: at 1 samples have less contrast and less fine detail.
    width, blocks, kernel_radius : int
        Of every network, whose kernels have a side of ``2 kernel_radius + 1``. ``picture`` makes pictures and cleans
        frames; of a clip, ``next`` tells the frame at a distance (in frames, negative: before) from one that is given,
        ``between`` the one in the middle of two.

    Notes
    -----
    Nikankin, Haim, Irani. SinFusion: training diffusion models on a single image or video. ICML 2023.
    """

    Configuration = Configuration
    alpha_bar: Tensor
    gains: Tensor
    z_star: Tensor
    correction_weight: Tensor

    def __init__(
        self, picture: Tensor, timesteps: int, width: int, blocks: int, kernel_radius: int, s_noise: float = 1.0
    ) -> None:
        super().__init__(picture, [tuple(picture.shape[-2:])] * timesteps)
        self.width, self.blocks, self.kernel_radius, self.s_noise = width, blocks, kernel_radius, s_noise
        channels = picture.shape[1]
        made = {
            name: ConvNeXt(
                2, channels * (1 + shown), channels, numbers, width=width, blocks=blocks, kernel=2 * kernel_radius + 1
            )
            for name, (shown, numbers) in PARTS.items()
            if name == "picture" or self.is_clip
        }
        self.networks = nn.ModuleDict(made)
        self.register_buffer("alpha_bar", d.cosine_schedule(timesteps).to(picture.device))
        self.register_buffer("gains", torch.stack([self._gain(name) for name in self.networks]))
        self.register_buffer("z_star", torch.randn(1, channels, *picture.shape[-2:], device=picture.device))
        self.register_buffer("correction_weight", torch.ones((), device=picture.device))

    @property
    def is_clip(self) -> bool:
        return self.picture.ndim == 5

    @property
    def timesteps(self) -> int:
        return self.scales

    @property
    def frames(self) -> Tensor:
        """The picture, or the clip's frames, ``(T, C, H, W)``."""
        return self.picture[0].transpose(0, 1) if self.is_clip else self.picture

    def _gain(self, part: str) -> Tensor:
        """The root mean square of frames in [-1, 1] beside the mean of those that are shown next to them."""
        x = 2 * self.frames - 1
        if part == "next":
            x = x[1:] - x[:-1]
        elif part == "between":
            x = x[1:-1] - (x[2:] + x[:-2]) / 2
        return x.square().mean().sqrt().clamp(min=SMALLEST)

    def base(self, shown: Tensor | None, like: Tensor) -> Tensor:
        """The mean of the frames that are shown along the channels."""
        if shown is None:
            return torch.zeros_like(like)
        mean: Tensor = shown.unflatten(1, (-1, like.shape[1])).mean(1)
        return mean

    def gain(self, part: str) -> Tensor:
        found: Tensor = self.gains[list(self.networks).index(part)]
        return found

    def told(self, level: Tensor, numbers: Sequence[Tensor] = ()) -> Tensor:
        """What a network is told of levels ``(B,)``, from 1 to ``timesteps``, beside other numbers ``(B,)``."""
        return torch.stack([d.noise_ratio(self.alpha_bar[level]).log() / 4, *numbers], dim=1)

    def factors(self, level: Tensor, like: Tensor) -> d.Preconditioning:
        """As of ``diffusion.preconditioning``, for levels ``(B,)``."""
        return d.preconditioning(d.each(self.alpha_bar[level], like), 1.0)

    def estimate(self, part: str, noisy: Tensor, level: int, shown: Tensor | None, numbers: Sequence[Tensor]) -> Tensor:
        """The picture that a network sees in ``u_t``, ``(B, C, H, W)``, in [-1, 1]."""
        levels = torch.full((len(noisy),), level, device=noisy.device)
        given, skip, out = self.factors(levels, noisy)
        seen = given * noisy if shown is None else torch.cat([given * noisy, shown], dim=1)
        found: Tensor = skip * noisy + out * self.networks[part](seen, self.told(levels, numbers))
        return (self.base(shown, noisy) + self.gain(part) * found).clamp(-1, 1)

    def descend(
        self,
        part: str,
        noisy: Tensor,
        start: int,
        noise: Noise | None,
        shown: Tensor | None = None,
        numbers: Sequence[Tensor] = (),
        shaping: Shaping | None = None,
        s_noise: float = 1.0,
        last: int = 1,
    ) -> Tensor:
        """From ``u_t`` at scale ``start`` to a picture in [-1, 1], the estimate of level ``last``.

        Without ``noise`` the way is deterministic, and what is left of the noise is ``s_noise`` times as strong after
        ``timesteps`` steps as it would be.
        """
        base, gain, x = self.base(shown, noisy), self.gain(part), noisy
        for scale in range(start, max(start, self.timesteps - last) + 1):
            level = self.timesteps - scale
            x = self.estimate(part, noisy, level, shown, numbers)
            x = x if shaping is None else shaping(x, scale).clamp(-1, 1)
            now, then = self.alpha_bar[level], self.alpha_bar[level - 1]
            made = None if noise is None or level == last else noise(scale + 1, noisy)
            u = (x - base) / gain
            noisy = d.step_back(noisy, u, now, then, made)
            if s_noise != 1:
                noisy = torch.lerp(then.sqrt() * u, noisy, s_noise ** (1 / self.timesteps))
        return x

    def begun(self, image: Tensor, start: int, noise: Noise) -> Tensor:
        """``u_t`` of an image in [-1, 1], with the noise that scale ``start`` begins with."""
        return d.noised(image / self.gain("picture"), noise(start, image), self.alpha_bar[self.timesteps - start])

    @torch.no_grad()
    def sample(
        self,
        size: Sequence[int],
        *,
        start: int = 0,
        image: Tensor | None = None,
        noise: Noise = fresh,
        shaping: Shaping | None = None,
    ) -> Tensor:
        """A picture, or a clip of as many frames as the training one: its first is made up, each other follows.

        As of ``Steered``, but that noise is asked for where the way begins, and none is added afterwards; of a clip
        ``image`` stands for the first frame, and noise is asked for again for each that follows.
        """
        given = self.frames[:1] if image is None else image
        first = 2 * resize(given, size) - 1
        noisy = noise(0, first) if start == 0 else self.begun(first, start, noise)
        made = self.descend(
            "picture", noisy, start, None, shaping=shaping, s_noise=self.s_noise, last=self.last("picture")
        )
        made = ((made + 1) / 2).clamp(0, 1)
        return self.following(made, self.picture.shape[2], 1, noise, whole=True) if self.is_clip else made

    @torch.no_grad()
    def following(
        self, frame: Tensor, count: int, distance: int = 1, noise: Noise = fresh, whole: bool = False
    ) -> Tensor:
        """Frames ``(1, C, count, H, W)`` that follow one ``(1, C, H, W)``, each ``distance`` after the one before
        (before it where negative); with that one first where ``whole``."""
        now, made = 2 * frame - 1, [2 * frame - 1]
        apart = torch.full((1,), float(distance), device=frame.device)
        while len(made) < count + (not whole):
            now = self.cleaned(self.descend("next", noise(0, now), 0, noise, now, [apart], last=self.last("next")))
            made.append(now)
        clip = torch.stack(made[0 if whole else 1 :], dim=2)
        return ((clip + 1) / 2).clamp(0, 1)

    def cleaned(self, frame: Tensor) -> Tensor:
        """A predicted frame in [-1, 1] with half of what the network that knows single frames takes for noise of the
        least level taken away: errors would grow from frame to frame otherwise, and detail be lost with all of it."""
        seen = self.alpha_bar[1].sqrt() * frame / self.gain("picture")
        return torch.lerp(frame, self.estimate("picture", seen, 1, None, ()), CLEANED)

    def last(self, part: str) -> int:
        """The level whose estimate is a sample."""
        return max(1, round(LAST[part] * self.timesteps))

    @torch.no_grad()
    def middle(self, before: Tensor, after: Tensor, noise: Noise = fresh, drawn: bool = False) -> Tensor:
        """The frames in the middle of pairs ``(B, C, H, W)``: those that are expected, which are nearest to the truth,
        or with ``drawn`` some that may be, as sharp as the clip's."""
        shown = 2 * torch.cat([before, after], dim=1) - 1
        if drawn:
            made = self.descend("between", noise(0, before), 0, noise, shown, last=self.last("between"))
        else:
            found = self.expected(shown, [noise(0, before) for _ in range(DRAWS)])
            made = torch.lerp(self.base(shown, before), found, self.correction_weight)
        return ((made + 1) / 2).clamp(0, 1)

    def expected(self, shown: Tensor, draws: Sequence[Tensor]) -> Tensor:
        """The mean of all frames in [-1, 1] that may be between those that are shown: the estimate from noise alone.

        What little it depends on the noise is averaged out, to first order by taking each with both signs.
        """
        found = [
            self.estimate("between", sign * noise, self.timesteps, shown, ()) for noise in draws for sign in (1, -1)
        ]
        return torch.stack(found).mean(0)

    @torch.no_grad()
    def least_squares_factor(self, frames: Tensor, held: Sequence[int]) -> Tensor:
        """How much of what ``between`` tells beside the mean of the neighbours is true, in [0, 1], by frames
        ``(T, C, H, W)`` in [-1, 1] at places that it has not been trained to tell: the least squares factor
        ``λ = ⟨f, r⟩ / ⟨f, f⟩`` of what is told, ``f``, for what is missing, ``r``."""
        both = whole = frames.new_zeros(())
        for k in held:
            shown, truth = torch.cat([frames[k - 1 : k], frames[k + 1 : k + 2]], dim=1), frames[k : k + 1]
            base = self.base(shown, truth)
            told = self.expected(shown, [cut(self.z_star, [slice(n) for n in truth.shape[2:]])]) - base
            both, whole = both + (told * (truth - base)).sum(), whole + told.square().sum()
        return (both / whole.clamp(min=1e-12)).clamp(0, 1)

    @torch.no_grad()
    def reconstruction(self) -> Tensor:
        """The picture among a fixed noise, as much as a third of the levels take away, which is taken back without
        further noise; of a clip, each frame as it follows from the one before."""
        if not self.is_clip:
            level = max(1, round(ANCHORED * self.timesteps))
            noisy = d.noised((2 * self.picture - 1) / self.gain("picture"), self.z_star, self.alpha_bar[level])
            made = self.descend("picture", noisy, self.timesteps - level, None)
            return ((made + 1) / 2).clamp(0, 1)
        frames = 2 * self.frames - 1
        made_frames: list[Tensor] = []
        for number, frame in enumerate(frames.split(1)):
            apart = 1 if number else -1  # the first is what comes before the second
            shown = frames[number - apart][None]
            told = torch.full((1,), float(apart), device=frame.device)
            made_frames.append(self.descend("next", fresh(0, frame), 0, None, shown, [told]))
        return ((torch.stack(made_frames, dim=2) + 1) / 2).clamp(0, 1)

    def configuration(self) -> Mapping[str, Any]:
        shape = list(self.picture.shape)
        own = {name: getattr(self, name) for name in ("timesteps", "width", "blocks", "kernel_radius", "s_noise")}
        return {"shape": shape, **own}

    @classmethod
    def claims(cls, configuration: Mapping[str, Any]) -> tuple[tuple[int, ...], int]:
        shape, width = tuple(configuration["shape"]), configuration["width"]
        side = 2 * configuration["kernel_radius"] + 1
        weights = width * (configuration["blocks"] * (4 * width + side**2) + 4 * width + shape[1])
        return shape, weights * (len(PARTS) if len(shape) == 5 else 1)

    @classmethod
    def blank(cls, configuration: Mapping[str, Any]) -> Fusion:
        told = dict(configuration)
        return cls(torch.zeros(told.pop("shape")), **told)

    def memory(self, size: Sequence[int]) -> float:
        frames = self.picture.shape[2] if self.is_clip else 1
        return 4.0 * math.prod(size) * (8 * self.width + self.picture.shape[1] * (8 + 3 * frames))
