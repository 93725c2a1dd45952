"""What one hazy picture says of its haze: ``y = t x + (1 - t) a`` with transmission ``t`` and airlight ``a``."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.imaging.filters import guided_filter

__all__ = ["LEAST", "airlight", "clear", "dark_channel", "refined", "transmission"]

LEAST = 0.1  # transmission under which what is left of the scene is noise
DARK = 15  # side of the patch in which some channel of a scene is dark
HAZIEST = 1e-3  # share of the picture that is taken for airlight alone
KEPT = 0.95  # of the haze that the dark channel tells; a little haze is how distance is seen
GUIDE_RADIUS, GUIDE_EPSILON = 50, 1e-4


def dark_channel(y: Tensor) -> Tensor:
    """The least value of any channel in the patch about every element, ``(1, 1, H, W)``."""
    side = min(DARK, *(2 * ((n - 1) // 2) + 1 for n in y.shape[2:]))
    least = y.amin(dim=1, keepdim=True)
    return -F.max_pool2d(-least, side, stride=1, padding=side // 2)


def airlight(y: Tensor) -> Tensor:
    """The mean colour of the haziest elements, ``(1, C, 1, 1)``: those whose dark channel is highest.

    He, Sun, Tang. Single image haze removal using dark channel prior. IEEE TPAMI 2011.
    """
    count = max(1, math.ceil(HAZIEST * y[0, 0].numel()))
    places = dark_channel(y).flatten().topk(count).indices
    return y.flatten(2)[..., places].mean(dim=2)[..., None, None]


def transmission(y: Tensor, light: Tensor) -> Tensor:
    """``1 - 0.95 · dark channel of y / a``, refined: some channel of a patch without haze is dark.

    He, Sun, Tang. Single image haze removal using dark channel prior. IEEE TPAMI 2011.
    """
    return refined(1 - KEPT * dark_channel(y / light.clamp(min=1e-3)), y)


def refined(share: Tensor, y: Tensor) -> Tensor:
    """A transmission with the edges of the picture, in [``LEAST``, 1]."""
    guide = y.mean(dim=1, keepdim=True)
    return guided_filter(share, guide, GUIDE_RADIUS, GUIDE_EPSILON).clamp(LEAST, 1)


def clear(y: Tensor, t: Tensor, light: Tensor) -> Tensor:
    """The scene without haze, ``(y - (1 - t) a) / t``, in [0, 1]."""
    return torch.clamp((y - (1 - t) * light) / t, 0, 1)
