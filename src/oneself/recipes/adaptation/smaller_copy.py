"""A super-resolver that some steps of gradient descent adapt to the picture's own smaller copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from oneself.core import Fit, Pretrained, Stage
from oneself.inputs import Fixed
from oneself.losses import Fidelity
from oneself.networks.pretrained import SHIPPED
from oneself.operators import displacement, enlarge
from oneself.optim import sgd
from oneself.recipes.adaptation.adapting import AsItCame
from oneself.recipes.adaptation.calling import called, network_of, whole

__all__ = ["AllAlike", "adapted_to_copy"]

COLOUR = 3


class AllAlike(nn.Module):
    """A network for colour, of one channel: what it makes of three alike, on average.

    Parameters
    ----------
    network : Module
        ``(B, 3, H, W)`` to the same.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.network(x.expand(-1, COLOUR, -1, -1))
        return made.mean(1, keepdim=True)


def adapted_to_copy(
    y: Tensor,
    physics: Any,
    weights: Path | nn.Module | None,
    *,
    owner: str,
    power: int,
    lr: float,
    schedule: Callable[[float], float],
    steps: int,
    tile: int,
) -> Stage:
    """The stage of ``owner``, which goes down ``|h(↑A(y)) − y|^power`` by plain gradient descent.

    Raises
    ------
    ValueError
        The network cannot take such a picture, or the smaller copy has a single sample along an axis.
    """
    shipped = weights is None
    network, _ = network_of(SHIPPED.get(f"{owner}-start") if shipped else weights, y.device, owner, "super-resolver")
    if shipped and y.shape[1] != COLOUR:
        network = AllAlike(network)
    size = tuple(physics.A_adjoint(y).shape[2:])
    scale = tuple(n / m for n, m in zip(size, y.shape[2:], strict=True))
    shift = displacement(physics.A, y, scale)
    large = enlarge(y, size, shift)
    adapted, made, notes = called(network, large, None, owner, tile)
    if steps == 0:
        return AsItCame(adapted, made, notes)
    small = physics.A(y)
    if min(small.shape[2:]) < 2:
        raise ValueError(f"{owner}(y.shape={tuple(y.shape)}): its own smaller copy has a single sample along an axis. "
                         "Give a larger picture, or a smaller scale.")  # fmt: skip
    return Fit(
        structure=Pretrained(adapted.requires_grad_(True)),
        input=Fixed(y, enlarge(small, y.shape[2:], shift)),
        loss=Fidelity(power=power),
        optimiser=sgd(lr),
        schedule=schedule,
        steps=steps,
        output=lambda f: whole(f, large, tile),
        image_output=False,
        notes=notes,
    )
