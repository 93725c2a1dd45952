"""A super-resolver that some steps of gradient descent adapt to the picture's own smaller copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from oneself.core import Fit, Pretrained, Stage
from oneself.inputs import Fixed
from oneself.losses import Fidelity
from oneself.networks.pretrained import SHIPPED
from oneself.operators import displacement, enlarge, project
from oneself.optim import sgd
from oneself.recipes.adaptation.adapting import AsItCame
from oneself.recipes.adaptation.calling import called, network_of, whole

__all__ = ["AllAlike", "Descent", "adapted_to_copy"]

COLOUR = 3
OWN_SCALE, OFF = 2, 0.1  # of the package's own starts; sizes are whole, so that a factor may look a little off


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


@dataclass(frozen=True)
class Descent:
    """Gradient descent down ``|h(↑A(y)) − y|^power``, of the method ``owner``."""

    owner: str
    power: int
    lr: float
    schedule: Callable[[float], float]
    steps: int


def adapted_to_copy(
    y: Tensor, physics: Any, weights: Path | nn.Module | None, way: Descent, back_projections: int, tile: int
) -> Stage:
    """The stage that adapts a network, the package's own for that method unless given, and applies it to ``↑y``.

    Raises
    ------
    ValueError
        The network cannot take such a picture, or the smaller copy has a single sample along an axis.
    """
    network = _network(y, weights, way.owner)
    size = tuple(physics.A_adjoint(y).shape[2:])
    scale = tuple(n / m for n, m in zip(size, y.shape[2:], strict=True))
    shift = displacement(physics.A, y, scale)
    large = enlarge(y, size, shift)
    adapted, made, notes = called(network, large, None, way.owner, tile)
    if weights is None and any(abs(factor - OWN_SCALE) > OFF for factor in scale):
        notes = (*notes, f"{way.owner}: the package's own start was trained for twice the size")
    onto = partial(project, physics.A, physics.A_adjoint, y=y, steps=back_projections)
    if way.steps == 0:
        return AsItCame(adapted, onto(made), notes)
    small = physics.A(y)
    if min(small.shape[2:]) < 2:
        raise ValueError(f"{way.owner}(y.shape={tuple(y.shape)}): its own smaller copy has a single sample along an "
                         "axis. Give a larger picture, or a smaller scale.")  # fmt: skip
    return Fit(
        structure=Pretrained(adapted.requires_grad_(True)),
        input=Fixed(y, enlarge(small, y.shape[2:], shift)),
        loss=Fidelity(power=way.power),
        optimiser=sgd(way.lr),
        schedule=way.schedule,
        steps=way.steps,
        output=lambda f: onto(whole(f, large, tile)),
        image_output=False,
        notes=notes,
    )


def _network(y: Tensor, weights: Path | nn.Module | None, owner: str) -> nn.Module:
    if weights is not None:
        return network_of(weights, y.device, owner, "super-resolver")[0]
    network, _ = network_of(SHIPPED.get(f"{owner}-start"), y.device, owner, "super-resolver")
    return network if y.shape[1] == COLOUR else AllAlike(network)
