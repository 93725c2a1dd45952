"""What an input is: one record for each kind, and what brings arrays in and out."""

from oneself.domains.domain import Domain
from oneself.domains.grid import IMAGE
from oneself.domains.points import POINTS
from oneself.domains.recording import RECORDING, Recording

__all__ = ["IMAGE", "POINTS", "RECORDING", "Domain", "Recording"]
