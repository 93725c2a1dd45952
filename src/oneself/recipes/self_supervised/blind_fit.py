"""Fits whose prediction of an element does not depend on that element: what Noise2Self and blind networks share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from oneself.core import Fit, WeightAverage
from oneself.core.stage import OptimiserFactory
from oneself.inputs import BlindGrid
from oneself.losses import Fidelity
from oneself.networks import mean_of_views
from oneself.operators.alignment import turns
from oneself.optim import one_cycle
from oneself.recipes.posterior import posterior_by_place
from oneself.stopping import validated

__all__ = ["blind_fit"]

Look = Callable[[nn.Module, Tensor], Tensor]
Predict = Callable[[nn.Module, Look], Tensor]


def blind_fit(
    y: Tensor,
    masks: BlindGrid,
    network: Any,
    predict: Predict,
    *,
    looks: int,
    variance: Callable[[Tensor], Tensor] | None,
    optimiser: OptimiserFactory,
    one_cycle_lr: bool,
    steps: int,
    average: float,
    patience: int,
    validate_every: int,
    ensemble: bool,
    tile: int,
    notes: tuple[str, ...],
) -> Fit:
    """The fit of a network to what ``masks`` asks for; the phase of the grid that is held out ends it.

    Parameters
    ----------
    y : Tensor
        ``(1, C, *spatial)``.
    network : Module
        With ``reach`` and ``whole``, as of ``networks.UNet``.
    predict : callable
        ``predict(network, look)``: the image predicted, where ``look(network, x)`` is the mean over the image's views.
    looks : int
        How often ``predict`` calls ``look``.
    variance : callable or None
        The noise's variance at an estimate, by which what was measured is mixed back in; ``None`` to leave that out.
    optimiser, ..., notes
        As of the methods' options, and of ``Fit``.
    """
    dims = y.ndim - 2
    views = turns([1.0] * dims, transpose=dims == 2)[: None if ensemble else 1]

    def look(h: nn.Module, x: Tensor) -> Tensor:
        return mean_of_views(h, x, views, reach=network.reach, tile=network.whole(tile))

    def output(h: nn.Module) -> Tensor:
        x = predict(h, look)
        return x if variance is None else posterior_by_place(y, x, variance(x))

    mean = WeightAverage(network, average)
    stop, selection = validated(mean.network, masks.held_out(), output, every=validate_every, patience=patience)
    return Fit(
        structure=network,
        input=masks,
        loss=Fidelity(),
        optimiser=optimiser,
        schedule=one_cycle(rise=0.1, last=0.01) if one_cycle_lr else None,
        steps=steps,
        average=mean,
        stop=stop,
        selection=selection,
        output=output,
        answer_cost=looks * len(views) * math.prod(y.shape[2:]) / (3 * masks.patches * math.prod(masks.sides)),
        image_output=False,
        notes=notes,
    )
