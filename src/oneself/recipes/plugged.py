"""A pretrained denoiser as a part of another method: called with an image and the noise level to remove."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

from torch import Tensor, nn

from oneself.core import Option, Pretrained
from oneself.denoisers import classical
from oneself.recipes.adaptation.calling import Denoising, called, network_of, whole

__all__ = ["Plugged", "Weights", "plugged", "prior"]

TILE = 1024

Weights = Annotated[
    Path | nn.Module | None,
    Option("a pretrained denoiser: weights of an architecture that 'oneself weights' lists; else the package's own"),
]


class Plugged(nn.Module):
    """``plugged(x, level)``: what a frozen denoiser makes of ``x``, ``(1, C, H, W)``, for noise of that level.

    Parameters
    ----------
    denoise : Denoising
        A blind one is called with the image alone.
    tile : int
        Side of the tiles of larger images.
    """

    def __init__(self, denoise: Denoising, tile: int) -> None:
        super().__init__()
        denoise.level, self.tile = 1.0, tile
        self.network = Pretrained(denoise.requires_grad_(False))

    def forward(self, x: Tensor, level: float) -> Tensor:
        return whole(partial(self.network, scale=level), x, self.tile)


def plugged(network: nn.Module, like: Tensor, level: float, owner: str, tile: int) -> tuple[Plugged, tuple[str, ...]]:
    """A network as a denoiser of images as ``like``, ``(1, C, H, W)``, tried on it at ``level``; notes.

    Raises
    ------
    ValueError
        It cannot take such images, gives another shape, or what is not finite.
    """
    denoise, _, notes = called(network, like, level, owner, tile)
    if denoise.told is None:
        notes = (*notes, f"{owner}: the denoiser is blind: it tells the noise level by itself, at every call")
    return Plugged(denoise, tile), notes


def prior(
    denoiser: str, weights: Path | nn.Module | None, sigma: float, like: Tensor, owner: str
) -> tuple[Callable[[Tensor], Tensor], tuple[str, ...]]:
    """The denoiser of that name, classical or ``"pretrained"``, for noise of level ``sigma`` in images as ``like``;
    notes. Raises ValueError as ``plugged`` and ``classical.denoiser``."""
    if denoiser != "pretrained":
        return classical.denoiser(denoiser, sigma, like, owner), ()
    network, _ = network_of(weights, like.device, owner, channels=like.shape[1])
    made, notes = plugged(network, like, sigma, owner, TILE)
    return partial(made, level=sigma), notes
