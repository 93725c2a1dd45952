"""How a pretrained denoiser is called, whoever made it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from oneself.networks import apply_in_tiles
from oneself.networks.pretrained import Kind, Known, drawn_denoiser, load_weights

__all__ = ["HALVED", "Denoising", "called", "level_argument", "network_of", "whole"]

LEVELS = ("sigma", "noise_level", "noise_level_img")  # what networks call the level that they are told
UNIT = 8  # tiles begin at multiples of it, so that networks that halve the size three times see one grid
REACH = 64  # elements that a tile sees beyond its border: more than the receptive field of common denoisers
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


def network_of(
    weights: Path | nn.Module | None, device: torch.device, owner: str, kind: Kind = "denoiser", channels: int = 0
) -> tuple[nn.Module, Known | None]:
    """The network of its own that a run works with, and what is known of it.

    Where no weights are given, the package's own denoiser for pictures of so many ``channels``, if any.

    Raises
    ------
    ValueError
        None is given, or what ``load_weights`` refuses.
    """
    if weights is None and channels:
        weights = drawn_denoiser(channels)
    if weights is None:
        raise ValueError(f"{owner}(weights=None): there is no network. Give a file of weights, or a torch module.")
    if isinstance(weights, nn.Module):
        return weights.eval(), None
    loaded = load_weights(weights, kind=kind)
    return loaded.network.to(device), loaded.known


def level_argument(network: nn.Module) -> str | None:
    """What a network calls the noise level that it is told; ``None`` where it is blind."""
    parameters = inspect.signature(network.forward).parameters
    return next((name for name in LEVELS if name in parameters), None)


def called(
    network: nn.Module, y: Tensor, level: float | None, owner: str, tile: int
) -> tuple[Denoising, Tensor, tuple[str, ...]]:
    """The network ready to be called with pictures as ``y``, ``(1, C, H, W)``; its answer for ``y``; a note of how.

    Raises
    ------
    ValueError
        It cannot take such a picture, gives another shape, or what is not finite.
    """
    said = f"{owner}(weights={type(network).__name__})"
    made, x = _tried(network, y, level, said, tile)
    if x.shape != y.shape:
        raise ValueError(
            f"{said}: made {tuple(x.shape)} of a picture {tuple(y.shape)}. Give a network that keeps the size."
        )
    if not bool(torch.isfinite(x).all()):
        raise ValueError(f"{said}: made NaN or infinite values of the picture. Check its weights.")
    note = f"{owner}: the network is for one channel; each of the {y.shape[1]} is worked on by itself"
    return made, x, (note,) if made.apart else ()


def whole(f: Callable[[Tensor], Tensor], y: Tensor, tile: int) -> Tensor:
    """What a network makes of a picture of any size, in tiles where it is larger than ``tile``, under no gradient."""
    with torch.no_grad():
        return apply_in_tiles(f, y, reach=REACH, tile=max(UNIT, tile // UNIT * UNIT))


def _tried(network: nn.Module, y: Tensor, level: float | None, said: str, tile: int) -> tuple[Denoising, Tensor]:
    """The picture as a whole, or else every channel by itself."""
    for apart in (False, True) if y.shape[1] > 1 else (False,):
        made = Denoising(network, level, apart)
        try:
            return made, whole(made, y, tile)
        except (RuntimeError, ValueError, TypeError) as error:
            reason = " ".join(str(error).split())[:200]
    raise ValueError(
        f"{said}: cannot take a picture {tuple(y.shape)} ({reason}). Give a network for such pictures, or a larger "
        "picture."
    )
