"""How a pretrained denoiser is called, whoever made it."""

from __future__ import annotations

import inspect
import math

import torch
from torch import Tensor, nn

__all__ = ["HALVED", "Denoising", "called", "level_argument"]

LEVELS = ("sigma", "noise_level", "noise_level_img")  # what networks call the level that they are told
HALVED = math.sqrt(0.5)  # of the noise is left in the mean of two elements


class Denoising(nn.Module):
    """A denoiser as a function of the noisy picture alone, ``(B, C, H, W)``.

    Parameters
    ----------
    network : Module
        ``network(x)`` or, where it takes a ``sigma``, ``network(x, sigma=level)``.
    level : float or None
        The noise level that it is told.
    apart : bool
        Every channel by itself, as a gray picture.
    """

    def __init__(self, network: nn.Module, level: float | None, apart: bool) -> None:
        super().__init__()
        self.network, self.apart = network, apart
        self.told = level_argument(network)
        self.level = level

    def forward(self, x: Tensor, scale: float = 1.0) -> Tensor:
        """``scale``: how much less noise than told there is in ``x``, as a factor of the level."""
        given = x.reshape(-1, 1, *x.shape[2:]) if self.apart else x
        more = {} if self.told is None or self.level is None else {self.told: self.level * scale}
        made: Tensor = self.network(given, **more)
        return made.reshape(x.shape) if self.apart else made


def level_argument(network: nn.Module) -> str | None:
    """What a network calls the noise level that it is told; ``None`` where it is blind."""
    parameters = inspect.signature(network.forward).parameters
    return next((name for name in LEVELS if name in parameters), None)


def called(network: nn.Module, y: Tensor, level: float | None, owner: str) -> tuple[Denoising, tuple[str, ...]]:
    """The network ready to be called with pictures as ``y``, ``(1, C, H, W)``, and a note of how.

    Raises
    ------
    ValueError
        It cannot take such a picture, gives another shape, or what is not finite.
    """
    said = f"{owner}(weights={type(network).__name__})"
    for apart in (False, True) if y.shape[1] > 1 else (False,):
        made = Denoising(network, level, apart)
        x = _tried(made, y, said, last=apart or y.shape[1] == 1)
        if x is not None:
            break
    assert x is not None
    if x.shape != y.shape:
        raise ValueError(
            f"{said}: made {tuple(x.shape)} of a picture {tuple(y.shape)}. Give a network that keeps the size."
        )
    if not bool(torch.isfinite(x).all()):
        raise ValueError(f"{said}: made NaN or infinite values of the picture. Check its weights.")
    note = f"{owner}: the network is for one channel; each of the {y.shape[1]} is denoised by itself"
    return made, (note,) if made.apart else ()


def _tried(made: Denoising, y: Tensor, said: str, last: bool) -> Tensor | None:
    """What it gives for a picture; ``None`` where it cannot take it and there is another way to try."""
    try:
        with torch.no_grad():
            x: Tensor = made(y)
            return x
    except (RuntimeError, ValueError, TypeError) as error:
        if not last:
            return None
        raise ValueError(
            f"{said}: cannot take a picture {tuple(y.shape)} ({' '.join(str(error).split())[:200]}). Give a network "
            "for such pictures, or a larger picture."
        ) from error
