"""Averages of a network's weights along the optimisation."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from oneself.core.state import State

__all__ = ["WeightAverage"]


class WeightAverage(State):
    """An exponential average of a network's weights, ``w_avg <- decay_t w_avg + (1 - decay_t) w``.

    ``decay_t = min(decay, t / (t + 9))`` forgets the first, bad weights quickly: the average then spans about
    the last tenth of the steps so far until ``decay`` takes over.

    Parameters
    ----------
    network : Module
        The network that is being optimised.
    decay : float
        In [0, 1); 0.99 averages over about a hundred steps.

    Notes
    -----
    Polyak, Juditsky. Acceleration of stochastic approximation by averaging. SIAM J. Control Optim. 1992.
    """

    updates: Tensor

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def update(self, network: nn.Module) -> None:
        self.updates.add_(1)
        weight = (1 - self.updates / (self.updates + 9)).clamp(min=1 - self.decay)
        for mine, theirs in zip(self.network.parameters(), network.parameters(), strict=True):
            if theirs.requires_grad:  # what nothing moves is what it was
                mine.lerp_(theirs.detach(), weight.to(mine))
