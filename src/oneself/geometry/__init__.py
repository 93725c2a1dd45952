"""Mathematics of points and surfaces: neighbours, normals, fields of dipoles, Poisson surfaces, meshes, pictures."""

from .fields import dipole_energy, mean_potential
from .meshes import areas, boundary_edges, edges_of, euler_number, face_normals, sample_surface, vertex_normals
from .neighbours import chamfer, nearest, scattered, unit_box
from .normals import pca_normals

__all__ = [
    "areas",
    "boundary_edges",
    "chamfer",
    "dipole_energy",
    "edges_of",
    "euler_number",
    "face_normals",
    "mean_potential",
    "nearest",
    "pca_normals",
    "sample_surface",
    "scattered",
    "unit_box",
    "vertex_normals",
]
