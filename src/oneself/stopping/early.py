"""Early stopping as the deep image prior's family uses it."""

from __future__ import annotations

from oneself.core import Keep, Rule, Score
from oneself.stopping.keeps import Average, Best
from oneself.stopping.rules import Patience

__all__ = ["early_stopping"]


def early_stopping(score: Score, *, patience: int, start: int, average: float) -> tuple[Rule, Keep]:
    """Stop when ``score`` has not improved for ``patience`` steps; return what the running average of the outputs
    (decay ``average``; 0 for the output itself) was at its lowest."""
    return Patience(score, patience, start), Best(score, of=Average(average))
