"""How examples are made out of the one input."""

from oneself.examples.code import Code
from oneself.examples.father_son import FatherSon
from oneself.examples.masks import BernoulliMasks, measured_elements
from oneself.examples.pairs import Pairs, diagonals, split_pair
from oneself.examples.strided import put_together, taken_apart

__all__ = [
    "BernoulliMasks",
    "Code",
    "FatherSon",
    "Pairs",
    "diagonals",
    "measured_elements",
    "put_together",
    "split_pair",
    "taken_apart",
]
