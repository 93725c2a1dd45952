"""Scores (a number per step), rules (when to stop) and selections (what to return)."""

from oneself.stopping.early import early_stopping, stopping_by, validated
from oneself.stopping.movement import Movement
from oneself.stopping.posterior import Posterior
from oneself.stopping.rules import After, Below, Patience, Plateau
from oneself.stopping.scores import HeldOut, MovingVariance, Objective, Residual, Validation, WindowVariance
from oneself.stopping.selections import Average, Best, BestWeights

__all__ = [
    "After",
    "Average",
    "Below",
    "Best",
    "BestWeights",
    "HeldOut",
    "Movement",
    "MovingVariance",
    "Objective",
    "Patience",
    "Plateau",
    "Posterior",
    "Residual",
    "Validation",
    "WindowVariance",
    "early_stopping",
    "stopping_by",
    "validated",
]
