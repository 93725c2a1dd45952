"""Summands of the objective."""

from oneself.terms.back_projection import BackProjection
from oneself.terms.coupling import Coupling
from oneself.terms.data_term import data_term
from oneself.terms.divergence import divergence
from oneself.terms.fidelity import Fidelity
from oneself.terms.guided import Guided
from oneself.terms.total_variation import TotalVariation

__all__ = ["BackProjection", "Coupling", "Fidelity", "Guided", "TotalVariation", "data_term", "divergence"]
