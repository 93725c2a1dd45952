"""Diffusion over the scales of one picture: noise is taken away at every scale, from coarse to fine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired, TypedDict

import torch
from torch import Tensor

from oneself.core import Option
from oneself.generative import diffusion as d
from oneself.generative.guidance import Shaping
from oneself.generative.posterior import PatchPosterior
from oneself.generative.sampler import Few, Noise, Sides, Steered, Wide, fresh, silent
from oneself.networks import Denoiser
from oneself.operators.resize import resize

__all__ = ["Cascade"]


class Configuration(TypedDict):
    """What a saved ``Cascade`` says of itself."""

    channels: Wide
    sizes: Annotated[list[Sides], Option("from coarse to fine", low=1, high=256)]
    width: Wide
    layers: Few
    dilated_layers: NotRequired[Annotated[int, Option("of the layers", low=0, high=256)]]
    timesteps: Annotated[int, Option("steps", low=1, high=10**4)]
    start_noise: float
    closed_form: NotRequired[Annotated[float, Option("a share", low=0, high=1)]]


class Cascade(Steered):
    """One network for all scales. At a scale the picture ``x`` and what the scale below made, enlarged, ``u``, are
    mixed, ``m_t = γ_t u + (1 − γ_t) x``, and noise is added, ``x_t = √ᾱ_t m_t + √(1 − ᾱ_t) ε``; the network estimates
    ``x``.

    The coarsest scale begins with noise alone (``γ = 0``), the others with ``u`` and as much noise as ``u`` differs
    from the picture (times ``start_noise``); ``γ_t`` is proportional to the noise, and 1 where a scale begins.

    At the coarsest scale the first steps, which decide what stands where, may be the best denoiser's of the picture's
    patches (``PatchPosterior``), to which the network would tend; the network is then learned for the others.

    Parameters
    ----------
    picture, sizes
        As of ``Sampler``.
    width, layers, dilated_layers : int
        Of the network.
    timesteps : int
        Steps from noise to picture at the coarsest scale; finer ones take the last of them.
    start_noise, closed_form : float
        ``closed_form`` is the share of the coarsest scale's steps that are the best denoiser's.

    Notes
    -----
    Kulikov, Yadin, Kleiner, Michaeli. SinDDM: a single image denoising diffusion model. ICML 2023. There the network
    tells ``ε``, and ``γ`` ends at 0.55, since ``x`` is had from ``m`` by dividing by ``1 − γ``.
    """

    Configuration = Configuration
    alpha_bar: Tensor
    starts: Tensor
    deviation: Tensor
    z_star: Tensor

    def __init__(
        self,
        picture: Tensor,
        sizes: Sequence[Sequence[int]],
        width: int,
        layers: int,
        timesteps: int,
        start_noise: float,
        dilated_layers: int = 0,
        closed_form: float = 0.0,
    ) -> None:
        super().__init__(picture, sizes)
        self.width, self.layers, self.dilated_layers = width, layers, dilated_layers
        self.timesteps, self.start_noise, self.closed_form = timesteps, start_noise, closed_form
        self._posterior: PatchPosterior | None = None
        channels, device = picture.shape[1], picture.device
        self.network = Denoiser(channels, width, layers, self.scales, dilated_layers)
        self.register_buffer("alpha_bar", d.cosine_schedule(timesteps).to(device))
        self.register_buffer("deviation", (2 * picture - 1).square().mean().sqrt())
        self.register_buffer("starts", torch.tensor(self._starts(), device=device))
        self.register_buffer("z_star", torch.randn(1, channels, *self.sizes[0], device=device))

    def _starts(self) -> list[int]:
        """At every scale, the step whose noise is ``start_noise`` times the error of the enlarged smaller picture."""
        found = [self.timesteps]
        ratio = d.noise_ratio(self.alpha_bar)
        for scale in range(1, self.scales):
            real, soft = self.pair(scale)
            error = self.start_noise * (real - soft).square().mean().sqrt()
            found.append(min(self.timesteps, max(1, int((ratio < error).sum()))))
        return found

    def pair(self, scale: int) -> tuple[Tensor, Tensor]:
        """The picture at a scale in [-1, 1], and the one below enlarged to it (at the coarsest, itself)."""
        real = resize(2 * self.picture - 1, self.sizes[scale])
        below = self.sizes[max(0, scale - 1)]
        return real, resize(resize(2 * self.picture - 1, below), self.sizes[scale])

    def softness(self, scale: int, step: Tensor) -> Tensor:
        """``γ`` at each of some steps of a scale."""
        ratio = d.noise_ratio(self.alpha_bar)
        return 0 * ratio[step] if scale == 0 else ratio[step] / ratio[self.starts[scale]]

    def told(self, step: Tensor) -> Tensor:
        """How the network is told a step: a quarter of the logarithm of the noise ratio."""
        return d.noise_ratio(self.alpha_bar[step]).log() / 4

    def factors(self, step: Tensor, like: Tensor) -> d.Preconditioning:
        """Of the network's input and output, at each of a batch's steps."""
        return d.preconditioning(d.each(self.alpha_bar[step], like), self.deviation)

    def estimated(self, noisy: Tensor, scale: int, step: int) -> Tensor:
        """The picture in [-1, 1] that is seen in ``x_t``."""
        if step > self.learned(scale):
            return self.posterior(noisy, self.alpha_bar[step])
        steps = torch.full((len(noisy),), step, device=noisy.device)
        given, skip, out = self.factors(steps, noisy)
        made: Tensor = self.network(given * noisy, self.told(steps), torch.full_like(steps, scale))
        return (skip * noisy + out * made).clamp(-1, 1)

    def learned(self, scale: int) -> int:
        """The step of a scale, counted from the picture, from which on the network makes the estimate."""
        return int(self.starts[scale]) if scale else max(1, round((1 - self.closed_form) * self.timesteps))

    def walk(self, scale: int, first: int) -> list[int]:
        """The steps that are taken from the ``first`` on; of those that are the best denoiser's, every other one."""
        learned = min(first, self.learned(scale))
        return [*range(first, learned, -2), *range(learned, 0, -1)]

    @property
    def posterior(self) -> PatchPosterior:
        """The best denoiser of the coarsest scale's patches; made when it is first asked for."""
        if self._posterior is None or self._posterior.values.device != self.picture.device:
            self._posterior = PatchPosterior(self.pair(0)[0], 2 * self.network.margin + 1)
        return self._posterior

    @torch.no_grad()
    def denoise(
        self,
        noisy: Tensor,
        soft: Tensor,
        scale: int,
        stochastic: bool,
        shaping: Shaping | None = None,
        first: int | None = None,
    ) -> Tensor:
        """From ``x_t`` at the ``first`` step, where the scale begins unless it is given, to a picture in [-1, 1]."""
        softness = self.softness(scale, torch.arange(self.timesteps + 1, device=noisy.device))
        steps = self.walk(scale, int(self.starts[scale]) if first is None else first)
        for step, after in zip(steps, [*steps[1:], 0], strict=True):
            now, then = self.alpha_bar[step], self.alpha_bar[after]
            x = self.estimated(noisy, scale, step)
            noise = d.noise_in(noisy, torch.lerp(x, soft, softness[step]), now)
            x = x if shaping is None else shaping(x, scale).clamp(-1, 1)
            mixed = torch.lerp(x, soft, softness[after])
            before = d.noised(mixed, noise, now)
            noisy = d.step_back(before, mixed, now, then, torch.randn_like(noisy) if stochastic else None)
        return noisy

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
        """As of ``Steered``; noise that is not ``fresh`` is what scales begin with, and none is added afterwards."""
        sizes = self.level_sizes(size)
        made = self.picture.new_zeros(1, self.picture.shape[1], *sizes[0])
        if start:
            made = 2 * resize(self.picture if image is None else image, sizes[start - 1]) - 1
        for scale in range(start, self.scales):
            soft = resize(made, sizes[scale])
            noisy = d.noised(soft, noise(scale, soft), self.alpha_bar[self.starts[scale]])
            made = self.denoise(noisy, soft, scale, noise is fresh, shaping)
        return ((made + 1) / 2).clamp(0, 1)

    @torch.no_grad()
    def reconstruction(self) -> Tensor:
        """The picture from its coarsest copy, through all finer scales without noise; where there is one scale alone,
        from the picture among a fixed noise, as much as the network takes away in at most half of the steps."""
        if self.scales > 1:
            return self.sample(self.sizes[-1], start=1, noise=silent)
        first = min((self.timesteps + 1) // 2, self.learned(0))
        made, soft = self.pair(0)
        made = self.denoise(d.noised(made, self.z_star, self.alpha_bar[first]), soft, 0, False, first=first)
        return ((made + 1) / 2).clamp(0, 1)

    def configuration(self) -> Mapping[str, Any]:
        return {
            "channels": self.picture.shape[1],
            "sizes": [list(size) for size in self.sizes],
            "width": self.width,
            "layers": self.layers,
            "dilated_layers": self.dilated_layers,
            "timesteps": self.timesteps,
            "start_noise": self.start_noise,
            "closed_form": self.closed_form,
        }

    @classmethod
    def claims(cls, configuration: Mapping[str, Any]) -> tuple[tuple[int, ...], int]:
        width, layers = configuration["width"], configuration["layers"]
        shape = (1, configuration["channels"], *configuration["sizes"][-1])
        return shape, width * (9 * (layers - 1) * width + len(configuration["sizes"]))

    @classmethod
    def blank(cls, configuration: Mapping[str, Any]) -> Cascade:
        told = dict(configuration)
        return cls(torch.zeros(1, told.pop("channels"), *told["sizes"][-1]), **told)

    def memory(self, size: Sequence[int]) -> float:
        finest = 4.0 * math.prod(size) * (5 * self.width + 10 * self.picture.shape[1])
        if not self.closed_form:
            return finest
        side = 2 * self.network.margin + 1  # all noisy patches of the coarsest scale, and their components
        return max(finest, 8.0 * math.prod(self.level_sizes(size)[0]) * self.picture.shape[1] * side**2)
