"""How examples are made out of the one input."""

from oneself.examples.code import Code, Fixed
from oneself.examples.crops import DetailedCrops
from oneself.examples.father_son import FatherSon
from oneself.examples.masks import BernoulliMasks, measured_elements
from oneself.examples.observation import Observation
from oneself.examples.pairs import Pairs, diagonals, split_pair
from oneself.examples.positions import Coordinates, Positions
from oneself.examples.strided import put_together, taken_apart
from oneself.examples.together import Together

__all__ = [
    "BernoulliMasks",
    "Code",
    "Coordinates",
    "DetailedCrops",
    "FatherSon",
    "Fixed",
    "Observation",
    "Pairs",
    "Positions",
    "Together",
    "diagonals",
    "measured_elements",
    "put_together",
    "split_pair",
    "taken_apart",
]
