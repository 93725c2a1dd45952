"""How examples are made out of the one input."""

from oneself.examples.code import Code, Fixed
from oneself.examples.father_son import FatherSon
from oneself.examples.masks import BernoulliMasks, measured_elements
from oneself.examples.observation import Observation
from oneself.examples.pairs import Pairs, diagonals, split_pair
from oneself.examples.positions import Coordinates, Positions
from oneself.examples.similar import Region, SimilarPatches
from oneself.examples.strided import put_together, taken_apart
from oneself.examples.together import Together

__all__ = [
    "BernoulliMasks",
    "Code",
    "Coordinates",
    "FatherSon",
    "Fixed",
    "Observation",
    "Pairs",
    "Positions",
    "Region",
    "SimilarPatches",
    "Together",
    "diagonals",
    "measured_elements",
    "put_together",
    "split_pair",
    "taken_apart",
]
