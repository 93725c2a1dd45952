"""How much a denoiser lets through of what is added to its input."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["divergence"]


def divergence(
    f: Callable[[Tensor], Tensor], y: Tensor, sigma: float, probe: Tensor | None = None, x: Tensor | None = None
) -> Tensor:
    """``div f(y) / n`` by one random probe: ``b . (f(y + e b) - f(y)) / (e n)`` with ``b ~ N(0, I)``.

    ``e`` is a tenth of the noise level: small for the denoiser, large for float32.

    Parameters
    ----------
    f : callable
    y : Tensor
    sigma : float
        Noise level of ``y``.
    probe : Tensor, optional
        ``b``, drawn anew otherwise.
    x : Tensor, optional
        ``f(y)`` where it is at hand.

    Ramani, Blu, Unser. Monte-Carlo SURE. IEEE TIP 2008.
    """
    probe = torch.randn_like(y) if probe is None else probe
    shift = max(1e-4, sigma / 10)
    return (probe * (f(y + shift * probe) - (f(y) if x is None else x))).mean() / shift
