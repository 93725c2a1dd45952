"""Gaps filled smoothly."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["fill_smoothly"]


def fill_smoothly(x: Tensor, holes: Tensor) -> Tensor:
    """A picture ``(1, C, H, W)``, its ``holes``, ``(H, W)``, filled so that what lies around goes on: ``Δ²x = 0`` there
    (scikit-image's ``inpaint_biharmonic``).

    Some seconds for 100,000 pixels; the time grows faster than their number.
    """
    from skimage.restoration import inpaint_biharmonic

    made = inpaint_biharmonic(x[0].movedim(0, -1).double().cpu().numpy(), holes.cpu().numpy(), channel_axis=-1)
    return torch.from_numpy(made).movedim(-1, 0)[None].to(x)
