"""Early stopping as the deep image prior's family uses it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from oneself.core import Example, Never, Score, Selection, StoppingRule
from oneself.stopping.rules import Patience
from oneself.stopping.scores import HeldOut, MovingVariance, Validation, WindowVariance
from oneself.stopping.selections import Average, Best, BestWeights

__all__ = ["early_stopping", "stopping_by", "validated"]


def early_stopping(
    score: Score, *, patience: int, start: int, average: float | Average
) -> tuple[StoppingRule, Selection]:
    """Stop when ``score`` has not improved for ``patience`` steps; return what the running average of the outputs
    (or one of decay ``average``; 0 for the output itself) was at its lowest."""
    mean = average if isinstance(average, Average) else Average(average)
    return Patience(score, patience, start), Best(score, of=mean)


def stopping_by(
    stop: str,
    fidelity: str,
    y: Tensor,
    A: Callable[[Tensor], Tensor],
    hold_out: float,
    window: int,
    smoothing: float,
    patience: int,
    start: int,
    average: float,
) -> tuple[StoppingRule, Selection, Tensor | None]:
    """The rule and the selection that an option ``stop`` names, and which elements of ``y`` the loss may look at.

    Parameters
    ----------
    stop : str
        ``"held-out"``: the loss does not see a share ``hold_out`` of ``y``, drawn at random; the running average of
        the outputs is judged by its error there, which for independent noise is its true error plus a constant.
        ``"variance"``, ``"moving-variance"``: ES-WMV, ES-EMV. ``"never"``: the last is returned.
        ``"auto"``: held out where ``fidelity`` looks at each element of ``y`` alone, the variance otherwise.

    Raises
    ------
    ValueError
        Elements are to be held out from a fidelity that mixes them.
    """
    alone = fidelity == "least-squares"
    if stop == "held-out" and not alone:
        raise ValueError(
            f"stop='held-out', fidelity={fidelity!r}: back-projection mixes what is held out with the rest. "
            "Give fidelity='least-squares', or stop by another score."
        )
    if stop == "never":
        return Never(), Average(average), None
    if stop == "held-out" or (stop == "auto" and alone):
        where = (torch.rand_like(y) >= hold_out).to(y)
        mean = Average(average)  # what is judged is what is returned
        score: Score = HeldOut(y, 1 - where, A, of=mean)
        return *early_stopping(score, patience=patience, start=start, average=mean), where
    score = MovingVariance() if stop == "moving-variance" else WindowVariance(window, smoothing)
    return *early_stopping(score, patience=patience, start=start, average=average), None


def validated(
    network: nn.Module, example: Example, output: Callable[[nn.Module], Tensor], *, every: int, patience: int
) -> tuple[StoppingRule, Selection]:
    """Stop when a network's error on an example that it does not learn from has not improved for ``patience`` steps;
    return what it made (``output``) with the weights that it had when that was lowest."""
    score = Validation(network, example, every)
    return Patience(score, patience), BestWeights(score, network, output)
