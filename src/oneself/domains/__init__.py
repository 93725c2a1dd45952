"""What an input is: one record for each kind, and what brings arrays in and out."""

from oneself.domains.domain import Domain
from oneself.domains.grid import IMAGE
from oneself.domains.mesh import MESH, Mesh
from oneself.domains.points import ORIENTED, POINTS
from oneself.domains.recording import RECORDING, Recording

__all__ = ["IMAGE", "MESH", "ORIENTED", "POINTS", "RECORDING", "Domain", "Mesh", "Recording"]
