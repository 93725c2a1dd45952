"""Meta-training the network of MZSR: after a few steps on a picture's own smaller copy it shall enlarge that picture.

Soh, Cho, Cho. Meta-transfer learning for zero-shot super-resolution. CVPR 2020.
Finn, Abbeel, Levine. Model-agnostic meta-learning for fast adaptation of deep networks. ICML 2017.
Antoniou, Edwards, Storkey. How to train your MAML. ICLR 2019 (every inner step's answer counts at first).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Generator, Tensor
from torch.func import functional_call
from torch.optim import Adam, Optimizer

from oneself.networks.pretrained import MZSRNet
from oneself.operators import Downsample, enlarge
from oneself.operators.kernels import gaussian_kernel
from oneself.operators.resize import resize
from oneself.optim import level_then_down
from oneself.pretraining.training import Plan, Training

__all__ = ["MetaPlan", "MetaTraining", "adapted", "meta_loss", "step_weights"]

SCALE, SIDE = 2, 15  # of the enlargement; side of the blurs
WIDEST = 2.5 * SCALE  # variance of a blur along its longer axis, at most
CUBIC_LR = 4.0  # the learning rate of the first stage, of that of the meta-stage
DECAYED = 0.1  # progress of the meta-stage after which the earlier steps' answers count least
LEAST = 0.03  # their weight then

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class MetaPlan(Plan):
    """The training of an ``MZSRNet``: ``first`` of the schedule learns cubic enlargement, the rest is meta-training.
    The paper's network is for colour, 64 wide.

    Attributes
    ----------
    tasks : int
        Blurs in a step, each with ``batch`` patches of its own.
    inner_steps, inner_lr : int, float
        Of the gradient descent on the smaller copies.
    first : float
        Share of the schedule.
    """

    width: int = 64
    batch: int = 8
    lr: float = 1e-4
    tasks: int = 5
    inner_steps: int = 5
    inner_lr: float = 0.01
    first: float = 0.3


class MetaTraining(Training):
    """At first the mean absolute error of ``h(↑↓x)`` by cubic shrinking; then, for blurs of random width and direction
    and every second sample, that of ``h`` on ``(↑y, x)`` after each inner step on ``(↑A y, y)``, ``y = A x``."""

    word = "mzsr"
    plan: MetaPlan
    network: MZSRNet

    def built(self) -> MZSRNet:
        return MZSRNet(self.plan.channels, self.plan.width)

    def fitted(self, state: dict[str, Tensor], told: str) -> dict[str, Tensor]:
        own = self.network.state_dict()
        if {name: x.shape for name, x in state.items()} != {name: x.shape for name, x in own.items()}:
            raise ValueError(f"pretrain(start={told!r}): weights of another network. Give --width and --channels as it "
                             "has them.")  # fmt: skip
        return state

    def moved_by(self) -> Optimizer:
        return Adam(self.network.parameters(), self.plan.lr)

    def factor(self, progress: float) -> float:
        return CUBIC_LR if progress < self.plan.first else level_then_down()(self._meta_progress(progress))

    def _meta_progress(self, progress: float) -> float:
        return max(0.0, progress - self.plan.first) / (1 - self.plan.first)

    def loss(self, chance: Generator) -> Tensor:
        count, side = self.plan.batch * self.plan.tasks, self.plan.patch
        x = self.pool.patches(chance, count, side)
        if self.progress < self.plan.first:
            small = resize(x, (side // SCALE, side // SCALE))
            loss: Tensor = (self.network(enlarge(small, (side, side))) - x).abs().mean()
            return loss
        x = x.unflatten(0, (self.plan.tasks, self.plan.batch))
        blurs = [Downsample(SCALE, kernel.to(x.device)) for kernel in self._blurs(chance)]
        y = _each(x, [blur.A for blur in blurs])
        son = _each(y, [blur.A for blur in blurs])
        weights = step_weights(self._meta_progress(self.progress), self.plan.inner_steps)
        near, far = (_larger(son, y), y), (_larger(y, x), x)
        h = partial(functional_call, self.network)
        return meta_loss(h, dict(self.network.named_parameters()), near, far, weights, self.plan.inner_lr)

    def _blurs(self, chance: Generator) -> list[Tensor]:
        """Gaussians of variances ``λ₁`` in [1, 5] and ``λ₂`` in [1, λ₁], in any direction, that displace nothing."""
        drawn = torch.rand((self.plan.tasks, 3), generator=chance, device=chance.device).tolist()
        made = []
        for one, other, turn in drawn:
            longer = 1 + (WIDEST - 1) * one
            shorter = 1 + (longer - 1) * other
            middle = (-(SCALE - 1) / 2,) * 2
            made.append(gaussian_kernel(SIDE, (math.sqrt(longer), math.sqrt(shorter)), math.pi * turn, middle))
        return made


def _each(x: Tensor, operators: list[Callable[[Tensor], Tensor]]) -> Tensor:
    return torch.stack([operator(one) for operator, one in zip(operators, x, strict=True)])


def _larger(y: Tensor, like: Tensor) -> Tensor:
    larger: Tensor = enlarge(y.flatten(0, 1), tuple(like.shape[-2:])).unflatten(0, y.shape[:2])
    return larger


def step_weights(progress: float, steps: int) -> list[float]:
    """What the answer after each inner step counts, of sum 1: all alike at first, and soon nearly the last alone."""
    along = min(1.0, progress / DECAYED)
    earlier = max(LEAST / steps, (1 - along) / steps)
    return [*[earlier] * (steps - 1), 1 - earlier * (steps - 1)]


def meta_loss(
    h: Callable[[Weights, Tensor], Tensor],
    weights: Weights,
    near: tuple[Tensor, Tensor],
    far: tuple[Tensor, Tensor],
    counting: list[float],
    lr: float,
) -> Tensor:
    """``Σ_j c_j mean |h_{θ_j}(far input) − far target|``, ``θ_j`` after ``j`` steps of gradient descent at ``lr`` from
    ``θ`` down ``mean |h(near input) − near target|``, for each task by itself; differentiable in ``θ``, through the
    steps.

    Parameters
    ----------
    h : callable
        Of weights and inputs ``(B, C, H, W)``.
    weights : mapping
        ``θ``, by name.
    near, far : pair of Tensor
        Inputs and targets, ``(tasks, B, C, H, W)``.
    counting : list of float
        ``c_j``, as many as there are steps.
    """
    tasks = len(near[0])
    own = {name: value.expand(tasks, *value.shape) for name, value in weights.items()}
    many = torch.vmap(h)
    total = far[0].new_zeros(())
    for count in counting:
        own = adapted(many, own, near, lr)
        total = total + count * (many(own, far[0]) - far[1]).abs().mean()
    return total


def adapted(
    many: Callable[[Weights, Tensor], Tensor], own: Weights, near: tuple[Tensor, Tensor], lr: float
) -> dict[str, Tensor]:
    """One step of gradient descent of each task's own weights."""
    errors = (many(own, near[0]) - near[1]).abs().flatten(1).mean(1)
    gradients = torch.autograd.grad(errors.sum(), list(own.values()), create_graph=True)
    return {name: value - lr * step for (name, value), step in zip(own.items(), gradients, strict=True)}
