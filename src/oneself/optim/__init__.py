"""Optimisers as factories, and schedules of the learning rate."""

from oneself.optim.factories import adam, langevin, muon
from oneself.optim.langevin import Langevin
from oneself.optim.muon import Muon
from oneself.optim.schedules import one_cycle, stepped

__all__ = ["Langevin", "Muon", "adam", "langevin", "muon", "one_cycle", "stepped"]
