"""Optimisers as factories: what a method says, before there are parameters."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from oneself.core.stage import OptimiserFactory

__all__ = ["adam"]


def adam(rate: float, **options: Any) -> OptimiserFactory:
    """Adam at a learning rate, still without parameters. Kingma, Ba. ICLR 2015."""
    return partial(torch.optim.Adam, lr=rate, **options)
