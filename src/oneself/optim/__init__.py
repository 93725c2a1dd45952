"""Optimisers as factories, and schedules of the learning rate."""

from oneself.optim.factories import OPTIMISERS, adam, langevin, muon, sgd
from oneself.optim.langevin import Langevin
from oneself.optim.muon import Muon
from oneself.optim.schedules import level_then_down, one_cycle, stepped

__all__ = [
    "OPTIMISERS",
    "Langevin",
    "Muon",
    "adam",
    "langevin",
    "level_then_down",
    "muon",
    "one_cycle",
    "sgd",
    "stepped",
]
