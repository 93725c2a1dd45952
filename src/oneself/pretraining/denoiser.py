"""Training the denoiser that is told the level."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import torch
from torch import Generator, Tensor, nn

from oneself.networks import SplitDenoiser
from oneself.optim import Muon, one_cycle
from oneself.pretraining.cameras import photographed
from oneself.pretraining.noise import levels, noisy
from oneself.pretraining.saving import started_from
from oneself.pretraining.training import Plan, Training

__all__ = ["DenoiserPlan", "DenoiserTraining"]

FLOOR = 2 / 255  # added to a level, so that pictures with hardly any noise do not outweigh all others
FACTOR = one_cycle(rise=0.05, first=0.05, last=2e-3)
UNTOLD = 0.5  # of the photographs have a level that the network is not told: 0 in its place
ERROR = 0.25  # of the others' level, as the logarithm's standard deviation: it is estimated in use


@dataclass(frozen=True)
class DenoiserPlan(Plan):
    """``Plan`` with the number of residual ``blocks``, and the ``noise``: Gaussian of every level, or as cameras make
    it, of colour pictures; ``patch`` is even."""

    kind: ClassVar[str] = "denoiser"

    blocks: int = 5
    noise: Literal["white", "camera"] = "white"


class DenoiserTraining(Training):
    """``‖f(y, σ) − x‖² / (σ + 2/255)`` by Muon, the learning rate up and down on a cosine.

    Of a camera's noise ``σ`` is the root of the mean square over the patch; the network is told it with an error, or
    that it is not known, by a 0. On a GPU convolutions are computed in bfloat16.
    """

    plan: DenoiserPlan
    network: SplitDenoiser

    def build(self) -> SplitDenoiser:
        return SplitDenoiser(self.plan.channels, self.plan.width, self.plan.blocks)

    def started_from(self, path: Path) -> dict[str, Tensor]:
        """Of a network of the same width and blocks; its channels may be others."""
        return started_from(path, self.network)

    def optimiser_of(self, parameters: Iterable[nn.Parameter]) -> Muon:
        return Muon(parameters, self.plan.lr)

    def rate(self) -> float:
        return self.plan.lr * FACTOR(self.progress)

    def learn(self, chance: Generator) -> Tensor:
        clean, y, level, told = self._photographs(chance) if self.plan.noise == "camera" else self._noisy(chance)
        device = self.compute.device
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type != "cpu"):
            made = self.network(y, told)
        error = (made.float() - clean).square().mean(dim=(1, 2, 3))
        loss: Tensor = (error / (level.mean(dim=(1, 2, 3)) + FLOOR)).mean()  # errors grow about as the level does
        loss.backward()
        return loss

    def _noisy(self, chance: Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        clean = self.pool.patches(chance, self.plan.batch, self.plan.patch)
        level = levels(chance, clean)
        return clean, noisy(chance, clean, level), level, level

    def _photographs(self, chance: Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        clean, y = photographed(chance, self.pool, self.plan.batch, self.plan.patch)
        level = (y - clean).square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        error, known = (
            torch.randn(level.shape, generator=chance, device=y.device),
            torch.rand(level.shape, generator=chance, device=y.device),
        )
        return clean, y, level, torch.where(known < UNTOLD, 0.0, level * torch.exp(ERROR * error))
