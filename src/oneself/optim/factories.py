"""Optimisers as factories: what a method says, before there are parameters."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from oneself.core.stage import OptimiserFactory
from oneself.optim.langevin import Langevin
from oneself.optim.muon import Muon

__all__ = ["OPTIMISERS", "adam", "langevin", "muon", "sgd"]


def adam(lr: float, **options: Any) -> OptimiserFactory:
    """Adam at a learning rate. Kingma, Ba. ICLR 2015."""
    return partial(torch.optim.Adam, lr=lr, **options)


def sgd(lr: float) -> OptimiserFactory:
    """Plain gradient descent at a learning rate."""
    return partial(torch.optim.SGD, lr=lr)


def muon(lr: float) -> OptimiserFactory:
    """Muon at a learning rate, which is about what Adam would be given."""
    return partial(Muon, lr=lr)


OPTIMISERS = {"muon": muon, "adam": adam}


def langevin(lr: float, energy: float, descent: int = 0) -> OptimiserFactory:
    """Preconditioned Langevin dynamics at a learning rate about as Adam's, after ``descent`` steps of Muon."""
    return partial(Langevin, lr=2 * lr, energy=energy, descent=descent)
