"""Summands of the objective."""

from oneself.terms.adversarial import critique, frozen, gradient_penalty
from oneself.terms.back_projection import BackProjection
from oneself.terms.coupling import Coupling
from oneself.terms.data_term import data_term
from oneself.terms.divergence import divergence
from oneself.terms.exclusion import Exclusion, exclusion
from oneself.terms.fidelity import Fidelity
from oneself.terms.guided import Guided
from oneself.terms.layer import Decided, Nearness, OfLayer, Smoothness
from oneself.terms.total_variation import TotalVariation
from oneself.terms.transport import PatchTransport, sliced_distance

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
