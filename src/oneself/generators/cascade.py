"""Diffusion over the scales of one picture: noise is taken away at every scale, from coarse to fine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from oneself.generators.sampler import Noise, Sampler, fresh
from oneself.networks import Denoiser
from oneself.physics.resize import resize

__all__ = ["Cascade", "cosine_schedule"]

OFFSET = 0.008
SOFTEST = 0.55  # the largest share of the enlarged smaller picture: what is mixed in must be told apart again


def cosine_schedule(steps: int) -> Tensor:
    """What is left of the picture's variance after each of 0 … ``steps`` steps: ``f(t) / f(0)`` with
    ``f(t) = cos²(π/2 (t / steps + s) / (1 + s))``, at least 1e-4.

    Nichol, Dhariwal. Improved denoising diffusion probabilistic models. ICML 2021.
    """
    place = (torch.arange(steps + 1, dtype=torch.float64) / steps + OFFSET) / (1 + OFFSET)
    left = torch.cos(place * math.pi / 2).square()
    return (left / left[0]).clamp(min=1e-4).float()


class Cascade(Sampler):
    """One network for all scales. At a scale the picture ``x`` and what the scale below made, enlarged, ``u``, are
    mixed, ``m_t = γ_t u + (1 - γ_t) x``, and noise is added, ``x_t = √ā_t m_t + √(1 - ā_t) ε``; the network tells
    ``v = √ā_t ε - √(1 - ā_t) m_t``, from which ``m_t``, and from it ``x``, are had.

    The coarsest scale begins with noise alone (``γ = 0``), the others with ``u`` and as much noise as ``u`` differs
    from the picture (times ``boldness``); ``γ`` rises with ``t`` from 0 to 0.55.

    Parameters
    ----------
    picture, sizes
        As of ``Sampler``.
    width, blocks, times : int
        Of the network, and the steps from noise to picture.
    boldness : float

    Notes
    -----
    Kulikov, Yadin, Kleiner, Michaeli. SinDDM: a single image denoising diffusion model. ICML 2023.
    """

    left: Tensor
    starts: Tensor

    def __init__(
        self, picture: Tensor, sizes: Sequence[Sequence[int]], width: int, blocks: int, times: int, boldness: float
    ) -> None:
        super().__init__(picture, sizes)
        self.width, self.blocks, self.times, self.boldness = width, blocks, times, boldness
        self.network = Denoiser(picture.shape[1], width, blocks)
        self.register_buffer("left", cosine_schedule(times).to(picture.device))
        self.register_buffer("starts", torch.tensor(self._starts(), device=picture.device))
        for scale, size in enumerate(self.sizes):
            self.register_buffer(f"anchor_{scale}", torch.randn(1, picture.shape[1], *size, device=picture.device))

    def _starts(self) -> list[int]:
        """At every scale, the step whose noise is ``boldness`` times the error of the enlarged smaller picture."""
        found = [self.times]
        noise = (1 / self.left - 1).sqrt()
        for k in range(1, self.scales):
            real, soft = self.pair(k)
            error = self.boldness * (real - soft).square().mean().sqrt()
            found.append(min(self.times, max(1, int((noise < error).sum()))))
        return found

    def pair(self, scale: int) -> tuple[Tensor, Tensor]:
        """The picture at a scale in [-1, 1], and the one below enlarged to it (at the coarsest, itself)."""
        real = resize(2 * self.picture - 1, self.sizes[scale])
        below = self.sizes[max(0, scale - 1)]
        return real, resize(resize(2 * self.picture - 1, below), self.sizes[scale])

    def softness(self, scale: int, time: Tensor) -> Tensor:
        """``γ_t``."""
        return time * 0.0 if scale == 0 else SOFTEST * time / self.starts[scale]

    def predicted(self, x: Tensor, scale: int, time: Tensor) -> Tensor:
        """The network's ``v``."""
        place = torch.full_like(time, scale / max(1, self.scales - 1))
        made: Tensor = self.network(x, time / self.times, place)
        return made

    @torch.no_grad()
    def denoise(self, x: Tensor, soft: Tensor, scale: int, noise: Noise | None) -> Tensor:
        """From ``x`` at the first step of a scale to a picture in [-1, 1]; without fresh noise where it is none."""
        for step in range(int(self.starts[scale]), 0, -1):
            time = torch.full((1,), float(step), device=x.device)
            now, then = self.left[step], self.left[step - 1]
            mixed = now.sqrt() * x - (1 - now).sqrt() * self.predicted(x, scale, time)
            known = (x - now.sqrt() * mixed) / (1 - now).sqrt()
            share, next_share = self.softness(scale, time), self.softness(scale, time - 1)
            clean = ((mixed - share * soft) / (1 - share)).clamp(-1, 1)
            mixed = next_share * soft + (1 - next_share) * clean
            variance = ((1 - then) / (1 - now) * (1 - now / then)).clamp(min=0) if noise is not None else 0.0 * now
            x = then.sqrt() * mixed + (1 - then - variance).clamp(min=0).sqrt() * known
            if noise is not None:
                x = x + variance.sqrt() * noise(scale, x)
        return x

    @torch.no_grad()
    def sample(
        self, size: Sequence[int], *, start: int = 0, image: Tensor | None = None, noise: Noise = fresh
    ) -> Tensor:
        sizes = self.level_sizes(size)
        made: Tensor | None = None
        if start:
            given = self.picture if image is None else image
            made = 2 * resize(given, sizes[start - 1]) - 1
        for scale in range(start, self.scales):
            like = self.picture.new_empty(1, self.picture.shape[1], *sizes[scale])
            soft = torch.zeros_like(like) if made is None else resize(made, sizes[scale])
            made = self.denoise(self.noisy(soft, scale, noise(scale, like)), soft, scale, noise)
        assert made is not None
        return ((made + 1) / 2).clamp(0, 1)

    def noisy(self, clean: Tensor, scale: int, noise: Tensor) -> Tensor:
        """A picture as a scale begins with it."""
        left = self.left[int(self.starts[scale])]
        return left.sqrt() * clean + (1 - left).sqrt() * noise

    @torch.no_grad()
    def reconstruction(self) -> Tensor:
        """The picture from its coarsest copy and a fixed noise, through all finer scales without fresh noise; where
        there is one scale alone, from the picture and a fixed noise."""
        made, soft = self.pair(0)
        if self.scales == 1:
            made = self.denoise(self.noisy(made, 0, self.anchor(0)), soft, 0, None)
        for scale in range(1, self.scales):
            soft = resize(made, self.sizes[scale])
            made = self.denoise(self.noisy(soft, scale, self.anchor(scale)), soft, scale, None)
        return ((made + 1) / 2).clamp(0, 1)

    def anchor(self, scale: int) -> Tensor:
        """The fixed noise of a scale."""
        return torch.as_tensor(self.get_buffer(f"anchor_{scale}"))

    def configuration(self) -> Mapping[str, Any]:
        return {
            "channels": self.picture.shape[1],
            "sizes": [list(size) for size in self.sizes],
            "width": self.width,
            "blocks": self.blocks,
            "times": self.times,
            "boldness": self.boldness,
        }

    @classmethod
    def blank(cls, configuration: Mapping[str, Any]) -> Cascade:
        told = dict(configuration)
        return cls(torch.zeros(1, told.pop("channels"), *told["sizes"][-1]), **told)

    def memory(self, size: Sequence[int]) -> float:
        return 4.0 * math.prod(size) * (5 * self.width + 8 * self.picture.shape[1])
