"""Summands of the objective."""

from oneself.terms.coupling import Coupling
from oneself.terms.divergence import divergence
from oneself.terms.fidelity import Fidelity

__all__ = ["Coupling", "Fidelity", "divergence"]
