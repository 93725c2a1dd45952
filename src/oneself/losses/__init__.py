"""Summands of the objective."""

from oneself.losses.adversarial import critique, frozen, gradient_penalty
from oneself.losses.back_projection import BackProjection
from oneself.losses.coupling import Coupling
from oneself.losses.data_term import data_term
from oneself.losses.divergence import divergence
from oneself.losses.exclusion import Exclusion, exclusion
from oneself.losses.fidelity import Fidelity
from oneself.losses.guided import Guided
from oneself.losses.layer import Decided, Nearness, OfLayer, Smoothness
from oneself.losses.total_variation import TotalVariation
from oneself.losses.transport import PatchTransport, sliced_distance

__all__ = [
    "BackProjection",
    "Coupling",
    "Decided",
    "Exclusion",
    "Fidelity",
    "Guided",
    "Nearness",
    "OfLayer",
    "PatchTransport",
    "Smoothness",
    "TotalVariation",
    "critique",
    "data_term",
    "divergence",
    "exclusion",
    "frozen",
    "gradient_penalty",
    "sliced_distance",
]
