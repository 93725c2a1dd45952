"""Small diffusion models of digits, called as denoisers that are told the level."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

__all__ = ["DenseDiffusion", "Diffusion", "DigitDiffusion", "linear_schedule"]

STEPS = 1000
ANY = 10  # the class that stands for all digits
GROUPS = 8
PARTS = {"init": 32, "down1": 64, "down2": 128, "btn": 128, "up1": 64, "up2": 32}


def linear_schedule(steps: int = STEPS) -> Tensor:
    """ᾱ after each of 1 … ``steps`` steps of a variance that rises evenly from 1e-4 to 0.02, ``(steps,)``.

    Ho, Jain, Abbeel. Denoising diffusion probabilistic models. NeurIPS 2020.
    """
    return (1 - torch.linspace(1e-4, 0.02, steps, dtype=torch.float64)).cumprod(0)


class Diffusion(nn.Module, ABC):
    """The picture in ``x + σ n``, by a network that tells the noise of ``√ᾱ (2 x − 1) + √(1 − ᾱ) n``.

    ``forward(x, sigma)`` takes pictures ``(B, 1, H, W)`` in [0, 1] and a level in the same units;
    ``ᾱ = 1 / (1 + 4 σ²)``, at the (fractional) step of the schedule that has it.
    """

    @abstractmethod
    def noise(self, noisy: Tensor, step: Tensor) -> Tensor:
        """ε of ``√ᾱ v + √(1 − ᾱ) ε``, ``v`` in [-1, 1], at a step ``(1,)``."""

    def forward(self, x: Tensor, sigma: Tensor | float) -> Tensor:
        level = 2 * torch.as_tensor(sigma, dtype=x.dtype, device=x.device).reshape(-1).mean()
        noisy = 2 * x - 1
        noise = self.noise((1 + level**2).rsqrt() * noisy, self.step(level))
        return (noisy - level * noise + 1) / 2

    def step(self, level: Tensor) -> Tensor:
        """The step at which noise and picture stand in this ratio, between whole ones on a line in its logarithm."""
        alpha_bar = linear_schedule()
        ratios = ((1 - alpha_bar) / alpha_bar).sqrt().log().to(level)
        place = level.clamp(min=1e-4).log()
        above = torch.searchsorted(ratios, place[None])[0].clamp(1, STEPS - 1)
        low, high = ratios.index_select(0, above[None] - 1), ratios.index_select(0, above[None])
        return (above - 1 + ((place - low) / (high - low)).clamp(0, 1)).reshape(1)


def told_step(step: Tensor) -> Tensor:
    """A step as sines and cosines of 16 rates, ``(1, 32)``."""
    rates = torch.exp(torch.arange(16, device=step.device) * (-math.log(1e4) / 15))
    return torch.cat([(step * rates).sin(), (step * rates).cos()])[None]


class DenseDiffusion(Diffusion):
    """Linear layers, for pictures of ``side`` x ``side``."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        self.side = side
        sizes = [side * side + 32, width, width, width]
        self.layers = nn.ModuleList(nn.Linear(sizes[i], sizes[i + 1]) for i in range(3))
        self.last = nn.Linear(width, side * side)

    def noise(self, noisy: Tensor, step: Tensor) -> Tensor:
        made = torch.cat([noisy.flatten(1), told_step(step).expand(len(noisy), -1)], 1)
        for layer in self.layers:
            made = nn.functional.silu(layer(made))
        found: Tensor = self.last(made)
        return found.reshape(-1, 1, self.side, self.side)


class DigitDiffusion(Diffusion):
    """A U-net, told that any digit will do; sides are divisible by 4."""

    def __init__(self) -> None:
        super().__init__()
        self.class_emb = nn.Embedding(ANY + 1, 32)
        self.times = nn.ModuleDict({name: nn.Linear(32, width) for name, width in PARTS.items()})
        self.classes = nn.ModuleDict({name: nn.Linear(32, width) for name, width in PARTS.items()})
        self.init_conv, self.bottleneck = _part(1, 32), _part(128, 128)
        self.down1, self.down2 = _part(32, 64, 2), _part(64, 128, 2)
        self.up1_transpose = nn.ConvTranspose2d(128, 64, 3, stride=2, padding=1, output_padding=1)
        self.up2_transpose = nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1)
        self.up1_conv, self.up2_conv = _part(128, 64), _part(64, 32)
        self.output_head = nn.Conv2d(32, 1, 1)

    def noise(self, noisy: Tensor, step: Tensor) -> Tensor:
        time = told_step(step)
        kind = self.class_emb.weight[ANY][None]

        def told(part: str) -> Tensor:
            both: Tensor = self.times[part](time) + self.classes[part](kind)
            return both[..., None, None]

        first = self.init_conv(noisy) + told("init")
        second = self.down1(first) + told("down1")
        made = self.down2(second) + told("down2")
        made = self.up1_transpose(self.bottleneck(made) + told("btn")) + told("up1")
        made = self.up2_transpose(self.up1_conv(torch.cat([made, second], 1))) + told("up2")
        found: Tensor = self.output_head(self.up2_conv(torch.cat([made, first], 1)))
        return found


def _part(given: int, made: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(given, made, 3, stride, 1), nn.GroupNorm(GROUPS, made), nn.SiLU())
