"""Optimisers as factories, and schedules of the learning rate."""

from oneself.optim.factories import adam
from oneself.optim.schedules import one_cycle, stepped

__all__ = ["adam", "one_cycle", "stepped"]
