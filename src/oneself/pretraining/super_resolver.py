"""Training a super-resolver that a few steps on a picture's own smaller copy adapt to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call

from oneself.networks.pretrained import MZSRNet, read_state
from oneself.optim import Muon, level_then_down
from oneself.pretraining.meta import Loss, Weights, outer_loss, shares
from oneself.pretraining.shrinking import Shrinking, random_shrinking
from oneself.pretraining.training import Plan, Training

__all__ = ["MLSRPlan", "MZSRPlan", "MetaTraining"]

Pair = tuple[Tensor, Tensor]
LARGE_LR = 4.0  # times the learning rate: that of large-scale training
STEEPEST = 1.0  # the largest norm of a gradient of the meta-training
ANNEALED = 1 / 3  # of the meta-training: until then the losses after earlier steps count, too
LARGE_FACTOR, FACTOR = level_then_down(0.5, 1 / LARGE_LR), level_then_down(0.5, 0.1)


@dataclass(frozen=True)
class MZSRPlan(Plan):
    """``Plan`` of MZSR: a task is a way to shrink; some pictures are there to adapt to it, others to judge by.

    Attributes
    ----------
    batch : int
        Tasks a step.
    depth : int
        Convolutions of the network.
    scale : int
    large : float
        The part of the schedule that is large-scale training: pictures shrunk by cubic resampling, no adaptation.
    shots : int
        Patches of a task to adapt to, and as many others to judge by.
    inner_steps, inner_lr : int, float
        Of gradient descent, the adaptation.
    power : int
        Of the absolute errors.
    first_order : bool
        Gradients of the adaptation are taken for constants.
    own : bool
        A task is a picture: the network adapts to its smaller copy and is judged by the picture itself.
    """

    kind: ClassVar[str] = "mzsr"

    steps: int = 100_000
    batch: int = 5
    lr: float = 1e-3
    depth: int = 8
    scale: int = 2
    large: float = 0.25
    shots: int = 8
    inner_steps: int = 5
    inner_lr: float = 0.05
    power: int = 1
    first_order: bool = False
    own: bool = False


@dataclass(frozen=True)
class MLSRPlan(MZSRPlan):
    """The same of MLSR: a task is a picture, its errors are squared, and MAML is of first order."""

    kind: ClassVar[str] = "mlsr"

    batch: int = 16
    patch: int = 128
    shots: int = 1
    inner_lr: float = 0.5
    power: int = 2
    first_order: bool = True
    own: bool = True


class MetaTraining(Training):
    """Large-scale training, then MAML over the tasks of the plan, by Muon (the papers: Adam).

    Soh, Cho, Cho. Meta-transfer learning for zero-shot super-resolution. CVPR 2020.
    Park, Yoo, Cho, Kim, Kim. Fast adaptation to super-resolution networks via meta-learning. ECCV 2020.
    """

    plan: MZSRPlan

    def build(self) -> MZSRNet:
        return MZSRNet(self.plan.channels, self.plan.width, self.plan.depth)

    def started_from(self, path: Path) -> dict[str, Tensor]:
        """Of a network of the same width and depth."""
        state = {name: value.float() for name, value in read_state(path).items()}
        own = self.network.state_dict()
        if {name: value.shape for name, value in state.items()} != {name: value.shape for name, value in own.items()}:
            raise ValueError(
                f"pretrain(start={str(path)!r}): weights of another network. Give "
                "those of one of this width and depth, or leave it out."
            )
        return state

    def optimiser_of(self, parameters: Iterable[nn.Parameter]) -> Muon:
        return Muon(parameters, self.plan.lr)

    @property
    def meta(self) -> float:
        """The progress of the meta-training; below 0 during large-scale training."""
        return (self.progress - self.plan.large) / max(1 - self.plan.large, 1e-9)

    def rate(self) -> float:
        if self.meta < 0:
            return self.plan.lr * LARGE_LR * LARGE_FACTOR(self.progress / self.plan.large)
        return self.plan.lr * FACTOR(self.meta)

    def learn(self, chance: Generator) -> Tensor:
        if self.meta < 0:
            return self._large_scale(chance)
        plan, total = self.plan, torch.zeros((), device=self.compute.device)
        weights = dict(self.network.named_parameters())
        counted = shares(plan.inner_steps, self.meta / ANNEALED)
        for support, query in self._tasks(chance):
            losses = self._loss(support), self._loss(query)
            loss = outer_loss(weights, *losses, counted, plan.inner_lr, first_order=plan.first_order) / plan.batch
            loss.backward()  # task by task: the memory of one
            total += loss.detach()
        self._tamed()
        return total

    def _tamed(self) -> None:
        """A path that grew beyond bounds moves the weights by no more than others, or by nothing."""
        parameters = list(self.network.parameters())
        nn.utils.clip_grad_norm_(parameters, STEEPEST)
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad.nan_to_num_(0.0, 0.0, 0.0)

    def _large_scale(self, chance: Generator) -> Tensor:
        clean = self.pool.patches(chance, self.plan.batch * 2 * self.plan.shots, self.plan.patch)
        enlarged, _ = Shrinking(self.plan.scale).pair(clean)
        loss: Tensor = (self.network(enlarged) - clean).abs().mean()
        loss.backward()
        return loss

    def _tasks(self, chance: Generator) -> Iterator[tuple[Pair, Pair]]:
        """What each task adapts to, and what it is judged by: enlarged pictures, and what they were."""
        plan = self.plan
        if plan.own:
            for x in self.pool.patches(chance, plan.batch * plan.shots, plan.patch).split(plan.shots):
                way = Shrinking(plan.scale)
                yield way.pair(way.small(x)), way.pair(x)
            return
        blurs = torch.Generator().manual_seed(chance.initial_seed())  # of the CPU, which need not wait for a GPU
        for x in self.pool.patches(chance, plan.batch * 2 * plan.shots, plan.patch).split(2 * plan.shots):
            enlarged, truth = random_shrinking(blurs, plan.scale).pair(x)
            (a, b), (c, d) = enlarged.chunk(2), truth.chunk(2)
            yield (a, c), (b, d)

    def _loss(self, pair: Pair) -> Loss:
        enlarged, truth = pair

        def loss(weights: Weights) -> Tensor:
            made: Tensor = functional_call(self.network, dict(weights), (enlarged,))
            return (made - truth).abs().pow(self.plan.power).mean()

        return loss
