"""Training the denoiser that is told the level, on drawn pictures."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.optim import Optimizer

from oneself.networks import SplitDenoiser
from oneself.optim import Muon, one_cycle
from oneself.pretraining.noise import levels, noisy
from oneself.pretraining.training import Plan, Training

__all__ = ["DenoiserPlan", "DenoiserTraining", "of_channels"]

FLOOR = 2 / 255  # added to a level, so that pictures with hardly any noise do not outweigh all others


@dataclass(frozen=True)
class DenoiserPlan(Plan):
    """The training of a ``SplitDenoiser`` of ``blocks`` blocks; patches have even sides.

    The learning rate rises on a cosine over a twentieth of the schedule, and falls on one.
    """

    blocks: int = 5


class DenoiserTraining(Training):
    """``mean (error² / (σ + 2/255))`` over levels between 0 and 75/255; on a GPU convolutions are in bfloat16."""

    word = "denoiser"
    plan: DenoiserPlan
    network: SplitDenoiser

    def built(self) -> SplitDenoiser:
        return SplitDenoiser(self.plan.channels, self.plan.width, self.plan.blocks)

    def fitted(self, state: dict[str, Tensor], told: str) -> dict[str, Tensor]:
        return of_channels(state, self.network, told)

    def moved_by(self) -> Optimizer:
        return Muon(self.network.parameters(), self.plan.lr)

    def factor(self, progress: float) -> float:
        return one_cycle(rise=0.05, first=0.05, last=2e-3)(progress)

    def loss(self, chance: Generator) -> Tensor:
        clean = self.pool.patches(chance, self.plan.batch, self.plan.patch)
        level = levels(chance, clean)
        y, device = noisy(chance, clean, level), self.compute.device
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type != "cpu"):
            made = self.network(y, level)
        error: Tensor = (made.float() - clean).square().mean(dim=(1, 2, 3))
        weighed: Tensor = error / (level.mean(dim=(1, 2, 3)) + FLOOR)  # errors grow about as the level does
        return weighed.mean()


def of_channels(state: dict[str, Tensor], network: SplitDenoiser, told: str) -> dict[str, Tensor]:
    """Weights for ``network``; of other numbers of channels, those of a picture whose channels are alike.

    Raises ValueError where the width or the number of blocks differs.
    """
    own = network.state_dict()
    if state.keys() != own.keys() or any(state[name].shape != own[name].shape for name in own if "blocks" in name):
        raise ValueError(f"pretrain(start={told!r}): weights of a network of another width or depth. Give --width and "
                         "--blocks as it has them.")  # fmt: skip
    held, wanted = state["first.weight"].shape[1] // 5, network.channels
    if held == wanted:
        return state
    maps, halves = state["first.weight"].split([held, 4 * held], dim=1)
    alike = [maps.sum(1, keepdim=True).repeat(1, wanted, 1, 1) / wanted]
    alike.append(halves.unflatten(1, (held, 4)).sum(1, keepdim=True).repeat(1, wanted, 1, 1, 1).flatten(1, 2) / wanted)
    state["first.weight"] = torch.cat(alike, dim=1)
    for name in ("last.weight", "last.bias"):
        mean = state[name].unflatten(0, (held, 4)).mean(0, keepdim=True)
        state[name] = mean.repeat(wanted, *[1] * (mean.ndim - 1)).flatten(0, 1)
    return state
