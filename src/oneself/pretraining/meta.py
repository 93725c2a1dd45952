"""MAML: weights from which a few steps of gradient descent lead to a network that fits the task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

__all__ = ["Weights", "adaptations", "outer_loss", "shares"]

Weights = Mapping[str, Tensor]
Loss = Callable[[Weights], Tensor]
LEAST = 0.03  # of the share that each earlier step has at first


def adaptations(
    weights: Weights, loss: Loss, steps: int, lr: float, *, first_order: bool = False
) -> Iterator[dict[str, Tensor]]:
    """The weights after each of so many steps of gradient descent, ``w ← w − lr ∇loss(w)``, as functions of the first.

    Parameters
    ----------
    weights : mapping of str to Tensor
    loss : callable
        Of a task, given weights.
    steps : int
    lr : float
    first_order : bool
        Take the gradients for constants, so that each adapted weight moves as the first one does.
    """
    now = dict(weights)
    for _ in range(steps):
        gradients = torch.autograd.grad(loss(now), list(now.values()), create_graph=not first_order)
        now = {name: value - lr * gradient for (name, value), gradient in zip(now.items(), gradients, strict=True)}
        yield now


def outer_loss(
    weights: Weights, support: Loss, query: Loss, shares: Sequence[float], lr: float, *, first_order: bool = False
) -> Tensor:
    """``sum over i of shares[i] query(w_i)``, ``w_i`` being adapted by ``i + 1`` steps down ``support``.

    Finn, Abbeel, Levine. Model-agnostic meta-learning for fast adaptation of deep networks. ICML 2017.
    """
    adapted = adaptations(weights, support, len(shares), lr, first_order=first_order)
    parts = [share * query(now) for share, now in zip(shares, adapted, strict=True) if share > 0]
    return torch.stack(parts).sum()


def shares(steps: int, progress: float) -> list[float]:
    """What the loss after each step counts: all alike at first, all but nothing for the last one from ``progress`` 1.

    Antoniou, Edwards, Storkey. How to train your MAML. ICLR 2019.
    """
    earlier = max(LEAST, 1 - progress) / steps
    return [earlier] * (steps - 1) + [1 - (steps - 1) * earlier]
