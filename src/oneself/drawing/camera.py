"""A camera whose truth is known: pictures with noise as photographs have it, shared by neighbours and channels.

A clean picture is taken back to linear light and to what a sensor would have counted; light arrives as a Poisson
number of electrons, is read out with Gaussian noise, through one colour a pixel (Bayer), and is developed: white
balance, demosaicking, colour matrix, smoothing or sharpening, tone curve, 8 bits, JPEG.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import correlate, gaussian_filter
from torch import Tensor

__all__ = ["Camera", "Shot", "mosaic_mask"]

Array = NDArray[np.float64]
BLUR = 0.8  # pixels, of the smoothing and of what sharpening adds back the difference to
CROSS = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4
SQUARE = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
# Malvar, He, Cutler. High-quality linear interpolation for demosaicing of Bayer-patterned color images. ICASSP 2004.
GREEN = np.array([[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]]) / 8
BESIDE = np.array([[0, 0, 1, 0, 0], [0, -2, 0, -2, 0], [-2, 8, 10, 8, -2], [0, -2, 0, -2, 0], [0, 0, 1, 0, 0]]) / 16
ACROSS = np.array([[0, 0, -3, 0, 0], [0, 4, 0, 4, 0], [-3, 0, 12, 0, -3], [0, 4, 0, 4, 0], [0, 0, -3, 0, 0]]) / 16


@dataclass(frozen=True)
class Shot:
    """One photograph: `noisy`, what the camera gave, and `truth`, what it would give were there no noise (before
    8 bits and JPEG); both ``(1, 3, H, W)`` in [0, 1]."""

    truth: Tensor
    noisy: Tensor


@dataclass(frozen=True)
class Camera:
    """A camera and how it develops.

    Attributes
    ----------
    iso : float
        Amplification: a sensor saturates at ``100 / iso`` of its electrons; 0 for no noise.
    electrons, read : float
        Electrons of a saturated pixel at ISO 100, and standard deviation of what reading adds, in electrons. A large
        sensor has some 25 000, a telephone 4 000.
    balance : tuple of float
        Gains of red, green and blue (the white balance), at least 1.
    saturation : float
        Of the colour matrix ``s I + (1 - s) 11ᵀ/3`` from the sensor's colours to the picture's; it keeps gray.
    demosaicking : str
        'bilinear' or 'gradient' (corrected by the other colours' slopes).
    sharpness : float
        Share of the difference to a blur of 0.8 pixels that is added; negative: the picture is mixed with the blur.
    contrast : float
        Share of an S-curve in the tone curve.
    quality : int or None
        Of the JPEG file, 1 to 100; none: no file, only 8 bits.
    halved : bool
        Whether the file keeps colour at half size (4:2:0).
    lens : float
        Standard deviation, in pixels, of the blur before the sensor; sharp edges that have none become mazes of colour.
    """

    iso: float = 1600
    electrons: float = 25_000
    read: float = 3.0
    balance: tuple[float, float, float] = (2.0, 1.0, 1.6)
    saturation: float = 1.4
    demosaicking: Literal["bilinear", "gradient"] = "gradient"
    sharpness: float = 0.0
    contrast: float = 0.2
    quality: int | None = 95
    halved: bool = False
    lens: float = 0.0

    def __post_init__(self) -> None:
        if self.iso < 0 or self.electrons <= 0 or self.read < 0 or min(self.balance) < 1 or self.saturation <= 0:
            raise ValueError(f"{self}: a negative level, or a gain under 1. Give iso, read >= 0 and balance >= 1.")
        if not 0 <= self.lens <= 100:
            raise ValueError(f"{self}: lens is in [0, 100] pixels.")
        if not -1 <= self.sharpness <= 2 or not 0 <= self.contrast <= 1 or self.quality not in {None, *range(1, 101)}:
            raise ValueError(f"{self}: sharpness is in [-1, 2], contrast in [0, 1], quality in 1 to 100, or None.")

    def take(self, picture: Tensor, seed: int = 0) -> Shot:
        """Photograph a clean ``picture``, ``(1, 3, H, W)`` in [0, 1]; the same noise for the same seed."""
        mosaic = self.expose(picture)
        truth = self.develop(mosaic)
        noisy = self.develop(self.noise(mosaic, seed)) if self.iso else truth
        return Shot(_tensor(truth, picture), _tensor(self.file(noisy), picture))

    @property
    def line(self) -> tuple[float, float]:
        """Gain and offset of the variance of the mosaic's noise, ``gain * light + offset``."""
        full = self.electrons * 100 / self.iso if self.iso else np.inf
        return 1 / full, (self.read / full) ** 2

    def expose(self, picture: Tensor) -> Array:
        """The light on the sensor, ``(H, W)``, saturated at 1: the pixels of red, green and blue in a Bayer mosaic."""
        if picture.ndim != 4 or picture.shape[:2] != (1, 3) or min(picture.shape[2:]) < 4:
            raise ValueError(f"Camera(picture.shape={tuple(picture.shape)}): (1, 3, H, W) of 4 pixels or more is seen.")
        shown = picture[0].double().cpu().numpy().clip(0, 1)
        linear = _linear(gaussian_filter(shown, (0, self.lens, self.lens), mode="mirror") if self.lens else shown)
        light = np.tensordot(np.linalg.inv(self._matrix), linear, 1).clip(0, 1)
        light /= np.array(self.balance)[:, None, None]
        seen: Array = (light * mosaic_mask(light.shape[1:])).sum(0)
        return seen

    def noise(self, mosaic: Array, seed: int) -> Array:
        """The mosaic as the sensor counts it: Poisson in electrons, Gaussian in reading, cut at saturation."""
        chance, full = np.random.default_rng(seed), 1 / self.line[0]
        counted = chance.poisson(mosaic * full) + self.read * chance.standard_normal(mosaic.shape)
        return np.asarray(np.minimum(counted / full, 1.0))

    def develop(self, mosaic: Array) -> Array:
        """The picture of a mosaic, ``(3, H, W)`` in [0, 1]."""
        masks = mosaic_mask(mosaic.shape)
        balanced = mosaic * (masks * np.array(self.balance)[:, None, None]).sum(0)
        colours = BAYER[self.demosaicking](balanced, masks)
        linear = np.tensordot(self._matrix, colours, 1).clip(0, 1)
        x = _tone(linear, self.contrast)
        blurred = gaussian_filter(x, (0, BLUR, BLUR), mode="mirror")
        return np.asarray((x + self.sharpness * (x - blurred)).clip(0, 1))

    def file(self, x: Array) -> Array:
        """A picture rounded to 8 bits and, where there is a quality, saved as JPEG and read again."""
        pixels = np.rint(255 * x).astype(np.uint8).transpose(1, 2, 0)
        if self.quality is not None:
            from PIL import Image

            written = io.BytesIO()
            Image.fromarray(pixels).save(written, "JPEG", quality=self.quality, subsampling=2 if self.halved else 0)
            pixels = np.asarray(Image.open(written))
        return pixels.transpose(2, 0, 1) / 255.0

    @property
    def _matrix(self) -> Array:
        return self.saturation * np.eye(3) + (1 - self.saturation) / 3


def mosaic_mask(size: tuple[int, ...]) -> Array:
    """``(3, H, W)``: 1 where a pixel sees red, green or blue; red at the first, blue diagonally beside it."""
    row, column = np.ogrid[: size[0], : size[1]]
    red, blue = (row % 2 == 0) & (column % 2 == 0), (row % 2 == 1) & (column % 2 == 1)
    return np.stack([red, ~(red | blue), blue]).astype(np.float64)


def _bilinear(mosaic: Array, masks: Array) -> Array:
    kernels = (SQUARE, CROSS, SQUARE)
    found = [correlate(mosaic * mask, kernel, mode="mirror") for mask, kernel in zip(masks, kernels, strict=True)]
    return np.stack(found)


def _gradient(mosaic: Array, masks: Array) -> Array:
    red, green, blue = masks
    row = np.arange(len(mosaic))[:, None]
    along, beside = green * (row % 2 == 0), green * (row % 2 == 1)  # greens with red to their sides; above and below
    across, level, upright = (correlate(mosaic, kernel, mode="mirror") for kernel in (ACROSS, BESIDE, BESIDE.T))
    return np.stack(
        [
            red * mosaic + along * level + beside * upright + blue * across,
            green * mosaic + (red + blue) * correlate(mosaic, GREEN, mode="mirror"),
            blue * mosaic + beside * level + along * upright + red * across,
        ]
    )


BAYER: dict[str, Any] = {"bilinear": _bilinear, "gradient": _gradient}


def _linear(x: Array) -> Array:
    """Linear light of sRGB."""
    return np.asarray(np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4))


def _tone(light: Array, contrast: float) -> Array:
    """sRGB of linear light, mixed with its S-curve ``3x² - 2x³``."""
    x = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)
    return np.asarray((1 - contrast) * x + contrast * x * x * (3 - 2 * x))


def _tensor(x: Array, like: Tensor) -> Tensor:
    return torch.from_numpy(x)[None].to(like)
