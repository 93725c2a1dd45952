"""Muon: momentum whose kernels' updates are made orthogonal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
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
        alike: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}
        others: list[tuple[Tensor, Tensor]] = []
        for parameter in parameters:
            if parameter.grad is not None:
                among = alike.setdefault(parameter.shape, []) if _hidden(parameter) else others
                among.append((parameter, parameter.grad))
        for moving in alike.values():
            _follow(moving, self._muon(moving), lr)
        if others:
            _follow(others, self._adam(others), lr)

    def _muon(self, moving: list[tuple[Tensor, Tensor]]) -> Sequence[Tensor]:
        """The moves of kernels of one shape, made orthogonal together: many small products cost more one by one."""
        ahead = []
        for parameter, gradient in moving:
            momentum = self.state[parameter].setdefault("momentum", torch.zeros_like(gradient))
            momentum.lerp_(gradient, 0.1)
            ahead.append(gradient.lerp(momentum, 0.9))
        matrices = torch.stack(ahead).flatten(2)
        scale = 0.2 * math.sqrt(max(matrices.shape[1:]))
        return (scale * orthogonalised(matrices).reshape(len(moving), *moving[0][0].shape)).unbind()

    def _adam(self, moving: list[tuple[Tensor, Tensor]]) -> Sequence[Tensor]:
        for parameter, gradient in moving:
            state = self.state[parameter]
            if "steps" not in state:
                state["steps"] = torch.zeros((), device=gradient.device)
                state["mean"], state["square"] = torch.zeros_like(gradient), torch.zeros_like(gradient)
        gradients = [gradient for _, gradient in moving]
        steps, means, squares = (
            [self.state[parameter][name] for parameter, _ in moving] for name in ("steps", "mean", "square")
        )
        torch._foreach_add_(steps, 1)
        torch._foreach_lerp_(means, gradients, 0.1)
        torch._foreach_mul_(squares, 0.999)
        torch._foreach_addcmul_(squares, gradients, gradients, 0.001)
        roots = torch._foreach_sqrt(torch._foreach_div(squares, _grown(0.999, steps)))
        torch._foreach_add_(roots, 1e-8)
        return torch._foreach_div(torch._foreach_div(means, _grown(0.9, steps)), roots)


def _follow(moving: list[tuple[Tensor, Tensor]], moves: Sequence[Tensor], lr: float) -> None:
    torch._foreach_sub_([parameter for parameter, _ in moving], list(moves), alpha=lr)


def _grown(decay: float, steps: list[Tensor]) -> list[Tensor]:
    """What a running mean of decay ``decay`` has grown to in so many steps: ``1 - decayᵗ``."""
    grown = torch._foreach_neg(torch._foreach_pow(decay, steps))
    torch._foreach_add_(grown, 1)
    return list(grown)


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
