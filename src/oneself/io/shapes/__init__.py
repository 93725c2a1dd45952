"""Files of point clouds and meshes, in and out: places, normals, faces and whatever else each point has."""

from .files import SHAPE_ENDINGS, check_shape_output, is_shape, read_shape, shape_losses, write_shape
from .shape import Shape

__all__ = ["SHAPE_ENDINGS", "Shape", "check_shape_output", "is_shape", "read_shape", "shape_losses", "write_shape"]
