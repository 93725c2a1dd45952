"""Operators compute in float32 or better, whatever precision surrounds them."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["at_least_float32", "full_precision"]


def at_least_float32(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def full_precision(x: Tensor) -> torch.autocast:
    """Inside, autocast is off: rounding to bfloat16 would make another operator of it."""
    return torch.autocast(x.device.type, enabled=False)
