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

    ``m <- 0.9 m + 0.1 g``; ``W <- W - rate * 0.2 sqrt(max(out, in)) * UVᵀ`` where ``U S Vᵀ`` is the singular value
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
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                move = self._muon if _hidden(parameter) else self._adam
                parameter.sub_(move(parameter.grad, self.state[parameter]), alpha=group["lr"])

    @staticmethod
    def _muon(gradient: Tensor, state: dict[str, Tensor]) -> Tensor:
        momentum = state.setdefault("momentum", torch.zeros_like(gradient))
        momentum.lerp_(gradient, 0.1)
        matrix = gradient.lerp(momentum, 0.9).flatten(1)
        scale = 0.2 * math.sqrt(max(matrix.shape))
        return scale * orthogonalised(matrix).reshape(gradient.shape)

    @staticmethod
    def _adam(gradient: Tensor, state: dict[str, Tensor]) -> Tensor:
        if not state:
            state["steps"] = torch.zeros((), device=gradient.device)
            state["mean"], state["square"] = torch.zeros_like(gradient), torch.zeros_like(gradient)
        state["steps"].add_(1)
        mean = state["mean"].lerp_(gradient, 0.1) / (1 - 0.9 ** state["steps"])
        square = state["square"].lerp_(gradient.square(), 0.001) / (1 - 0.999 ** state["steps"])
        return mean / (square.sqrt() + 1e-8)


def _hidden(parameter: Tensor) -> bool:
    return parameter.ndim >= 3 and min(parameter.shape[:2]) >= NARROW


def orthogonalised(matrix: Tensor) -> Tensor:
    """About ``UVᵀ`` of ``matrix = U S Vᵀ``: five steps of a quintic iteration that drives singular values to near 1."""
    x: Tensor = matrix / (matrix.norm() + 1e-12)
    x = x.T if x.shape[0] > x.shape[1] else x
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x
