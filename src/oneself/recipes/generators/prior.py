"""A generator on the grid of the image that is looked for."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.core import Example, Input, Pretrained
from oneself.networks.pretrained import load_weights

__all__ = ["Adaptable", "Prior", "Unconditioned", "prior_of"]


class Prior(nn.Module):
    """``G(z)`` as images ``(B, *size)``: resized, and its channels averaged or repeated, where it makes others.

    Parameters
    ----------
    network : Module
        With ``latent``, the shape of a code; it makes ``(B, C, H, W)`` in [0, 1]. Where it has ``blocks``, it is
        they in a row.
    size : tuple of int
        ``(C, H, W)`` of the image.
    """

    def __init__(self, network: nn.Module, size: tuple[int, ...]) -> None:
        super().__init__()
        self.size = size
        self.network = Pretrained(network)

    @property
    def latent(self) -> tuple[int, ...]:
        network: Any = self.network.network
        return tuple(network.latent)

    @property
    def blocks(self) -> Sequence[nn.Module]:
        """What the generator is, in a row; empty where it does not say."""
        return list(getattr(self.network.network, "blocks", []))

    def forward(self, z: Tensor) -> Tensor:
        return self.fitted(self.network(z))

    def after(self, h: Tensor, block: int) -> Tensor:
        """What the blocks from number ``block`` on make of ``h``, the output of the one before."""
        for one in self.blocks[block:]:
            h = one(h)
        return self.fitted(h)

    def before(self, z: Tensor, block: int) -> Tensor:
        """What the blocks up to number ``block`` make of a code."""
        for one in self.blocks[:block]:
            z = one(z)
        return z

    def fitted(self, x: Tensor) -> Tensor:
        channels, *size = self.size
        if x.shape[1] != channels:
            x = x.mean(1, keepdim=True).expand(-1, channels, -1, -1)
        if list(x.shape[2:]) == size:
            return x
        return F.interpolate(x, size, mode="bilinear", antialias=True)

    def free(self) -> Prior:
        """A copy whose parameters may all change."""
        network = copy.deepcopy(self.network.network).requires_grad_(True)
        return Prior(network, self.size)


class Adaptable(nn.Module):
    """``G(z)`` with the code ``z``, ``(1, *latent)``, as a parameter: takes no input."""

    def __init__(self, prior: Prior, z: Tensor) -> None:
        super().__init__()
        self.prior, self.z = prior, nn.Parameter(z.detach().clone())

    def forward(self) -> Tensor:
        x: Tensor = self.prior(self.z)
        return x


class Unconditioned(Input):
    """No input: the measurement alone, and what of it counts."""

    y: Tensor
    where: Tensor | None

    def __init__(self, y: Tensor, where: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("y", y, persistent=False)
        self.register_buffer("where", where, persistent=False)

    def forward(self) -> Example:
        return Example((), self.y, self.where)

    def evaluation_example(self) -> Example:
        return self.forward()


def prior_of(generator: Path | nn.Module | None, y: Tensor, physics: Any, owner: str) -> tuple[Prior, tuple[str, ...]]:
    """The generator of a method called ``owner``, nothing of it trainable, and what the user should know of it.

    Raises
    ------
    ValueError
        There is none; weights of no generator; a module that does not say what codes it takes, cannot take them, or
        makes no pictures of them, or such that are not finite.
    """
    if generator is None:
        raise ValueError(f"{owner}(generator=None): there is no generator. Give a file of weights, or a torch module.")
    network = generator if isinstance(generator, nn.Module) else load_weights(generator, kind="generator").network
    said = f"{owner}(generator={type(network).__name__})"
    prior = Prior(network.to(y.device).eval().requires_grad_(False), tuple(physics.A_adjoint(y).shape[1:]))
    made = _tried(network, said)
    notes = []
    if made.shape[1:] != prior.size:
        notes = [f"{owner}: the generator makes {tuple(made.shape[1:])}, fitted to the image's {prior.size}"]
    return prior, tuple(notes)


def _tried(network: nn.Module, said: str) -> Tensor:
    latent = getattr(network, "latent", None)
    if not (isinstance(latent, tuple) and latent and all(isinstance(n, int) and n > 0 for n in latent)):
        raise ValueError(f"{said}: it does not say what codes it takes. Set its latent, such as (100,).")
    device = next(network.parameters(), torch.zeros(())).device
    try:
        with torch.no_grad():
            made: Tensor = network(torch.zeros(1, *latent, device=device))
    except (RuntimeError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{said}: cannot take codes {latent} ({reason}). Correct its latent.") from error
    if not (isinstance(made, Tensor) and made.ndim == 4 and made.shape[0] == 1):
        raise ValueError(f"{said}: makes no pictures (B, C, H, W) of codes (B, {', '.join(map(str, latent))}).")
    if not bool(torch.isfinite(made).all()):
        raise ValueError(f"{said}: made NaN or infinite values of the code 0. Check its weights.")
    return made
