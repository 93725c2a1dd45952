"""How examples are made out of the one input."""

from oneself.examples.code import Code
from oneself.examples.masks import BernoulliMasks, measured_elements
from oneself.examples.pairs import Pairs, split_pair

__all__ = ["BernoulliMasks", "Code", "Pairs", "measured_elements", "split_pair"]
