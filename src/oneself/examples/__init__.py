"""How examples are made out of the one input."""

from oneself.examples.blind import BlindGrid, BlindSpots, chosen, some_of
from oneself.examples.code import Code, Fixed
from oneself.examples.crops import DetailedCrops
from oneself.examples.father_son import FatherSon
from oneself.examples.masks import BernoulliMasks, measured_elements
from oneself.examples.observation import Observation
from oneself.examples.pairs import Pairs, diagonals, split_pair
from oneself.examples.positions import Coordinates, Positions
from oneself.examples.shots import Shots
from oneself.examples.similar import Region, SimilarPatches
from oneself.examples.stand_in import Offset, disc, line, stand_in
from oneself.examples.strided import put_together, taken_apart
from oneself.examples.together import Together

__all__ = [
    "BernoulliMasks",
    "BlindGrid",
    "BlindSpots",
    "Code",
    "Coordinates",
    "DetailedCrops",
    "FatherSon",
    "Fixed",
    "Observation",
    "Offset",
    "Pairs",
    "Positions",
    "Region",
    "Shots",
    "SimilarPatches",
    "Together",
    "chosen",
    "diagonals",
    "disc",
    "line",
    "measured_elements",
    "put_together",
    "some_of",
    "split_pair",
    "stand_in",
    "taken_apart",
]
