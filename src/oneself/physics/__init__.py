"""Forward operators that deepinv lacks, by its conventions. Imports torch only."""

from oneself.physics.alignment import displacement, symmetries
from oneself.physics.correction import CorrectionFilter
from oneself.physics.downsample import Downsample, check_kernel
from oneself.physics.gaps import share_of_gaps
from oneself.physics.least_norm import least_norm, project
from oneself.physics.mixture import MIXTURES, Mixture
from oneself.physics.normal import NormalInverse
from oneself.physics.resize import Resize, enlarge

__all__ = [
    "MIXTURES",
    "CorrectionFilter",
    "Downsample",
    "Mixture",
    "NormalInverse",
    "Resize",
    "check_kernel",
    "displacement",
    "enlarge",
    "least_norm",
    "project",
    "share_of_gaps",
    "symmetries",
]
