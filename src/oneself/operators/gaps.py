"""Which elements of a measurement the operator never fills."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["share_of_gaps"]


def share_of_gaps(physics: Any, y: Tensor) -> float:
    """The share of the elements of measurements like ``y`` that are 0 whatever the image: missing pixels, lines of
    k-space that were not taken. ``A Aᵀ`` of a random measurement tells them from elements that merely are 0, as black
    pixels are."""
    probe = torch.randn(y.shape, generator=torch.Generator().manual_seed(0)).to(y)
    with torch.no_grad():
        return float((physics.A(physics.A_adjoint(probe)) == 0).float().mean())
