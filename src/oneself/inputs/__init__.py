"""How examples are made out of the one input."""

from oneself.inputs.blind import BlindGrid, BlindSpots, chosen, some_of
from oneself.inputs.code import Code, Fixed
from oneself.inputs.crops import DetailedCrops
from oneself.inputs.father_son import FatherSon
from oneself.inputs.masks import BernoulliMasks, measured_elements
from oneself.inputs.observation import Observation
from oneself.inputs.pairs import Pairs, diagonals, split_pair
from oneself.inputs.positions import Coordinates, Positions
from oneself.inputs.shots import Shots
from oneself.inputs.similar import Region, SimilarPatches
from oneself.inputs.stand_in import Offset, disc, line, stand_in
from oneself.inputs.strided import put_together, taken_apart
from oneself.inputs.together import Together

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
