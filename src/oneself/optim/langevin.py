"""Langevin dynamics: gradient descent that samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from oneself.optim.muon import Muon

__all__ = ["Langevin"]


class Langevin(Muon):
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
    descent : int
        Steps at the beginning that go down the slope by Muon, without noise, and only measure the metric. Sampling then
        begins from a fit, with a metric that goes with it, instead of walking there.
    fall : float
        Muon's learning rate.

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
        descent: int = 0,
        fall: float = 0.01,
    ) -> None:
        if not (lr > 0 and energy > 0):
            raise ValueError(f"Langevin(lr={lr}, energy={energy}): both must be above 0.")
        super().__init__(parameters, lr)
        for group in self.param_groups:
            group.update(energy=energy, decay=decay, descent=descent, fall=fall, taken=0)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]  # torch returns the loss
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            moving = [parameter for parameter in group["params"] if parameter.grad is not None]
            slopes = [group["energy"] * parameter.grad for parameter in moving]
            metrics = [self._metric(*pair, group["decay"]) for pair in zip(moving, slopes, strict=True)]
            group["taken"] += 1
            if group["taken"] <= group["descent"]:
                self._descend(moving, group["fall"])
                continue
            for parameter, slope, metric in zip(moving, slopes, metrics, strict=True):
                noise = torch.randn_like(slope) * (group["lr"] * metric).sqrt()
                parameter.add_(noise - 0.5 * group["lr"] * metric * slope)

    def _metric(self, parameter: Tensor, slope: Tensor, decay: float | None) -> Tensor:
        if decay is None:
            return torch.ones_like(slope)
        square: Tensor = self.state[parameter].setdefault("metric", slope.square())
        square.lerp_(slope.square(), 1 - decay)
        return 1 / (square.sqrt() + 1e-8)
