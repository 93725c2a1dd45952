"""Optimisers as factories, and schedules of the learning rate."""

from oneself.optim.factories import adam, muon
from oneself.optim.muon import Muon
from oneself.optim.schedules import one_cycle, stepped

__all__ = ["Muon", "adam", "muon", "one_cycle", "stepped"]
