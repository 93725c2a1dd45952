"""Forward operators that deepinv lacks, by its conventions. Imports torch only."""

from oneself.operators.alignment import displacement, symmetries
from oneself.operators.correction import CorrectionFilter
from oneself.operators.downsample import Downsample, check_kernel
from oneself.operators.gaps import share_of_gaps
from oneself.operators.least_norm import least_norm, project
from oneself.operators.listed import Listed
from oneself.operators.mixture import MIXTURES, Mixture
from oneself.operators.normal import NormalInverse
from oneself.operators.resize import Resize, enlarge

__all__ = [
    "MIXTURES",
    "CorrectionFilter",
    "Downsample",
    "Listed",
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
