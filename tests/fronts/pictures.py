"""Small inputs and quick settings for the front doors."""

import numpy as np
from skimage.data import astronaut

from oneself.domains.ranges import measured_range

FAST = {"steps": 2, "width": 4, "patch": None}  # zs_n2n
PRIOR = {"steps": 2, "width": 4, "levels": 2, "code": 4}  # dip
KERNEL = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 8


def colour(*size: int) -> np.ndarray:
    """A part of a portrait, ``(*size, 3)``, uint8."""
    height, width = size
    return np.ascontiguousarray(astronaut()[:512:8, :512:8][:height, 8 : 8 + width])


def grey(*size: int) -> np.ndarray:
    """``(*size)``, float64 in [0, 1]."""
    return colour(*size).mean(-1) / 255


def in_unit_range(values: np.ndarray, image: np.ndarray) -> np.ndarray:
    """The values as methods work with them: the range measured of the image is 0 to 1."""
    low, high = measured_range(image)
    return (values - low) / (high - low)


def white_noise(image: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    return image + np.random.default_rng(seed).normal(0, sigma, image.shape)
