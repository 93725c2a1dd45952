"""Langevin dynamics: gradient descent that samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

__all__ = ["Langevin"]


class Langevin(Optimizer):
    """Samples weights from ``exp(-energy · loss)``: a step down the slope, and noise of the size that goes with it.

    ``w <- w − (η/2) G energy ∇loss + N(0, η G)``; plain Langevin dynamics has ``G = 1``, the preconditioned one
    ``G = 1 / (ε + √v)`` with ``v`` the running mean square of ``energy ∇loss``: all weights then move at about one
    rate, as under RMSprop or Adam.

    Parameters
    ----------
    parameters : iterable of Parameter
    lr : float
        ``η``.
    energy : float
        What the loss is multiplied by to be minus the logarithm of the posterior: ``n / (2σ²)`` for a mean of ``n``
        squared errors under Gaussian noise of level ``σ``.
    decay : float or None
        Of the running mean square; ``None`` for plain dynamics.
    cold : int
        Steps at the beginning with less noise than that: none for half of them, then growing to its full variance.
        The sampler then begins from a fit instead of walking there.

    Notes
    -----
    Welling, Teh. Bayesian learning via stochastic gradient Langevin dynamics. ICML 2011.
    Li, Chen, Carlson, Carin. Preconditioned stochastic gradient Langevin dynamics. AAAI 2016.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        energy: float = 1.0,
        decay: float | None = 0.99,
        cold: int = 0,
    ) -> None:
        if not (lr > 0 and energy > 0):
            raise ValueError(f"Langevin(lr={lr}, energy={energy}): both must be above 0.")
        super().__init__(parameters, {"lr": lr, "energy": energy, "decay": decay, "cold": cold})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]  # torch returns the loss
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            rate, energy, decay = group["lr"], group["energy"], group["decay"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                slope = energy * parameter.grad
                metric = torch.ones_like(slope)
                state = self.state[parameter]
                if not state:
                    state["steps"], state["square"] = torch.zeros((), device=slope.device), slope.square()
                state["steps"] += 1
                if decay is not None:
                    state["square"].lerp_(slope.square(), 1 - decay)
                    metric = 1 / (state["square"].sqrt() + 1e-8)
                share = (2 * state["steps"] / group["cold"] - 1).clamp(0, 1) if group["cold"] else 1.0
                noise = torch.randn_like(slope) * (share * rate * metric).sqrt()
                parameter.add_(noise - 0.5 * rate * metric * slope)
