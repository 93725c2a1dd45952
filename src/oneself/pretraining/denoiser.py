"""Training the denoiser that is told the level."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from oneself.networks import SplitDenoiser
from oneself.optim import Muon, one_cycle
from oneself.pretraining.noise import levels, noisy
from oneself.pretraining.saving import started_from
from oneself.pretraining.training import Plan, Training

__all__ = ["DenoiserPlan", "DenoiserTraining"]

FLOOR = 2 / 255  # added to a level, so that pictures with hardly any noise do not outweigh all others
FACTOR = one_cycle(rise=0.05, first=0.05, last=2e-3)


@dataclass(frozen=True)
class DenoiserPlan(Plan):
    """``Plan`` with the number of residual ``blocks``; ``patch`` is even."""

    kind: ClassVar[str] = "denoiser"

    blocks: int = 5


class DenoiserTraining(Training):
    """``‖f(y, σ) − x‖² / (σ + 2/255)`` by Muon, the learning rate up and down on a cosine.

    On a GPU convolutions are computed in bfloat16.
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
        clean = self.pool.patches(chance, self.plan.batch, self.plan.patch)
        level = levels(chance, clean)
        y, device = noisy(chance, clean, level), self.compute.device
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type != "cpu"):
            made = self.network(y, level)
        error = (made.float() - clean).square().mean(dim=(1, 2, 3))
        loss: Tensor = (error / (level.mean(dim=(1, 2, 3)) + FLOOR)).mean()  # errors grow about as the level does
        loss.backward()
        return loss
