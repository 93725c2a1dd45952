"""Muon: momentum whose kernels' updates are made orthogonal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

__all__ = ["Muon", "orthogonalised"]

NARROW = 16  # kernels from or to fewer channels have too few directions to make orthogonal; Adam moves them


class Muon(Optimizer):
    """Hidden convolutions move by their orthogonalised momentum, everything else by Adam, at one learning rate.

    ``m <- 0.9 m + 0.1 g``; ``W <- W - lr * 0.2 sqrt(max(out, in)) * UVᵀ`` where ``U S Vᵀ`` is the singular value
    decomposition of ``0.1 g + 0.9 m`` as a matrix of output channels by the rest. All directions of a kernel then
    learn equally fast, which small networks on few patches profit from.

    Parameters
    ----------
    parameters : iterable of Parameter
        Those of 3 or more dimensions with at least 16 channels on either side are hidden convolutions.
    lr : float
        Learning rate.

    Notes
    -----
    Jordan et al. Muon: an optimizer for hidden layers in neural networks. 2024.
    Liu et al. Muon is scalable for LLM training. arXiv 2502.16982 (the factor that makes the rate Adam's).
    torch.optim.Muon takes matrices only.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float) -> None:
        if not lr > 0:
            raise ValueError(f"Muon(lr={lr}): not a learning rate. Give a number above 0.")
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]  # torch returns the loss
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            self._descend(group["params"], group["lr"])

    def _descend(self, parameters: Iterable[Tensor], lr: float) -> None:
        """Kernels of one shape move as one tensor, all that is no kernel as one vector: many small operations take
        longer than their arithmetic. What moves together has one state, kept with the first of them."""
        alike: dict[torch.Size | None, list[Tensor]] = {}
        for parameter in parameters:
            if parameter.grad is not None:
                alike.setdefault(parameter.shape if _hidden(parameter) else None, []).append(parameter)
        for shape, moving in alike.items():
            moves = self._adam(moving) if shape is None else self._muon(moving)
            torch._foreach_sub_(moving, moves, alpha=lr)

    def _muon(self, moving: list[Tensor]) -> list[Tensor]:
        """The moves of kernels of one shape, made orthogonal together."""
        gradients = torch.stack([_gradient(parameter) for parameter in moving])
        momentum = self._kept(moving, gradients, "momentum")
        momentum.lerp_(gradients, 0.1)
        matrices = gradients.lerp(momentum, 0.9).flatten(2)
        scale = 0.2 * math.sqrt(max(matrices.shape[1:]))
        return list((scale * orthogonalised(matrices)).reshape(gradients.shape).unbind())

    def _adam(self, moving: list[Tensor]) -> list[Tensor]:
        gradients = torch.cat([_gradient(parameter).reshape(-1) for parameter in moving])
        mean, square = (self._kept(moving, gradients, name) for name in ("mean", "square"))
        steps = self._kept(moving, gradients.new_zeros(()), "steps")
        steps += 1
        mean.lerp_(gradients, 0.1)
        square.mul_(0.999).addcmul_(gradients, gradients, value=0.001)
        moves = (mean / (1 - 0.9**steps)) / ((square / (1 - 0.999**steps)).sqrt() + 1e-8)
        parts = moves.split([parameter.numel() for parameter in moving])
        return [part.view(parameter.shape) for part, parameter in zip(parts, moving, strict=True)]

    def _kept(self, moving: list[Tensor], like: Tensor, name: str) -> Tensor:
        """A tensor of the state, zeros at first; and anew where others move along than before."""
        state = self.state[moving[0]]
        if name not in state or state[name].shape != like.shape:
            state[name] = torch.zeros_like(like, memory_format=torch.contiguous_format)
        kept: Tensor = state[name]
        return kept


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


def _hidden(parameter: Tensor) -> bool:
    return parameter.ndim >= 3 and min(parameter.shape[:2]) >= NARROW


def orthogonalised(matrix: Tensor) -> Tensor:
    """About ``UVᵀ`` of ``matrix = U S Vᵀ``, of one matrix or of each in a batch.

    Five steps of a quintic iteration drive the singular values to near 1.
    """
    tall = matrix.shape[-2] > matrix.shape[-1]
    x: Tensor = matrix / (matrix.norm(dim=(-2, -1), keepdim=True) + 1e-12)
    x = x.mT if tall else x
    for _ in range(5):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.mT if tall else x
