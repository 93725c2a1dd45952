"""Scenes: things that cover one another, lit, written upon, out of focus, seen at an angle."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from oneself.drawing.palettes import Palette, palette
from oneself.drawing.shapes import Distance, curve, radii, shape
from oneself.drawing.textures import power_law, texture

__all__ = ["draw"]

Array = NDArray[np.float32]
LEAST = 1.5  # pixels, the radius of the smallest leaf


def draw(seed: int, channels: int = 3, size: int = 256) -> Array:
    """A picture, ``(size, size, channels)`` in [0, 1], the same for the same seed.

    Dead leaves whose radii follow a power law (ellipses, polygons, blobs, curves; flat, shaded or textured), or a bare
    texture; text-like strokes upon some; parts out of focus; light that falls off; some seen in perspective.
    """
    if not (1 <= channels <= 4 and 16 <= size <= 4096):
        raise ValueError(f"draw(channels={channels}, size={size}): give 1 to 4 channels and a size of 16 to 4096.")
    rng = np.random.default_rng(seed)
    colours = palette(rng, channels)
    canvas = _background(rng, colours, size)
    if rng.uniform() < 0.92:
        _leaves(rng, canvas)
    if rng.uniform() < 0.25:
        _text(rng, canvas, colours)
    if rng.uniform() < 0.25:
        canvas = _seen_at_an_angle(rng, canvas)
    canvas = _lit(rng, _focused(rng, canvas))
    return np.clip(canvas, 0, 1).astype(np.float32)


def _background(rng: Generator, colours: Palette, size: int) -> Array:
    field = power_law(rng, size, rng.uniform(0.8, 2.0), np.exp(rng.uniform(0, 1.5)), rng.uniform(0, np.pi))
    return colours(rng.uniform() + rng.uniform(0.02, 0.25) * field).astype(np.float32)


def _leaves(rng: Generator, canvas: Array) -> None:
    """From the farthest to the nearest; those drawn first may go out of focus before the others cover them."""
    size, channels = canvas.shape[0], canvas.shape[2]
    palettes = [palette(rng, channels) for _ in range(rng.integers(1, 5))]
    textures = [texture(rng, size) for _ in range(rng.integers(2, 6))]
    most = size * rng.uniform(0.15, 0.6)
    least = LEAST * np.exp(rng.uniform(0, 1.8))
    count = int(rng.uniform(0.25, 1) * 2000 * (LEAST / least) ** 0.8 * (size / 256) ** 2)
    sizes = radii(rng, count, least, most, rng.uniform(2.2, 3.2))
    textured, contrast = rng.uniform(0, 0.9), rng.uniform(0.03, 0.3)
    blurred_at = int(count * rng.uniform(0.2, 0.7)) if rng.uniform() < 0.35 else -1
    soft = float(rng.uniform(0.8, 2.0))
    for number, radius in enumerate(sizes):
        if number == blurred_at:
            canvas[:] = gaussian_filter(canvas, (*[rng.uniform(0.7, 5)] * 2, 0))
        colours = palettes[rng.integers(len(palettes))]
        pattern = textures[rng.integers(len(textures))] if rng.uniform() < textured else None
        _paint(rng, canvas, shape(rng, float(radius)), float(radius), colours, pattern, contrast, soft)


def _paint(
    rng: Generator, canvas: Array, distance: Distance, radius: float, colours: Palette, pattern: Array | None,
    contrast: float, soft: float,
) -> None:  # fmt: skip
    """One shape at a random place: flat, with a slope of colour, or with a texture; ``soft`` pixels of edge."""
    size = canvas.shape[0]
    cy, cx = rng.uniform(0, size, 2)
    reach = 1.3 * radius + 2
    top, left = max(0, int(cy - reach)), max(0, int(cx - reach))
    bottom, right = min(size, int(cy + reach) + 1), min(size, int(cx + reach) + 1)
    if bottom <= top or right <= left:
        return
    y = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(cy)
    x = np.arange(left, right, dtype=np.float32)[None, :] - np.float32(cx)
    cover = np.clip(0.5 - distance(y, x) / np.float32(soft), 0, 1)[..., None]
    place = np.full(cover.shape[:2], rng.uniform(), dtype=np.float32)
    if rng.uniform() < 0.5:
        gy, gx = rng.normal(0, 0.2 / radius, 2)
        place += (gy * y + gx * x).astype(np.float32)
    if pattern is not None:
        down, aside = rng.integers(size, size=2)
        rows = np.arange(top + down, bottom + down) % size
        columns = np.arange(left + aside, right + aside) % size
        place += np.float32(contrast) * pattern[rows[:, None], columns[None, :]]
    part = canvas[top:bottom, left:right]
    part += cover * (colours(place) - part)


def _text(rng: Generator, canvas: Array, colours: Palette) -> None:
    """Lines of made-up letters: two to four strokes each, in one ink."""
    size = canvas.shape[0]
    height = float(np.exp(rng.uniform(np.log(7), np.log(40))))
    thick = max(1.0, height * rng.uniform(0.07, 0.2))
    ink = colours(np.full((1, 1), rng.uniform(), np.float32)) * np.float32(rng.choice([0.1, 1, 1.6]))
    letters = [[curve(rng, 0.6 * height, thick) for _ in range(rng.integers(2, 5))] for _ in range(9)]
    top, left = rng.uniform(0, size / 2, 2)
    for row in range(int(rng.integers(1, 6))):
        for column in range(int(rng.integers(2, 20))):
            cy, cx = top + row * height * 1.7, left + column * height * 0.9
            if rng.uniform() < 0.15 or cy > size or cx > size:
                continue
            _stamp(canvas, letters[rng.integers(len(letters))], cy, cx, height, ink)


def _stamp(canvas: Array, strokes: list[Distance], cy: float, cx: float, height: float, ink: Array) -> None:
    top, left = max(0, int(cy - height)), max(0, int(cx - height))
    part = canvas[top : int(cy + height) + 1, left : int(cx + height) + 1]
    if not part.size:
        return
    y = np.arange(top, top + part.shape[0], dtype=np.float32)[:, None] - np.float32(cy)
    x = np.arange(left, left + part.shape[1], dtype=np.float32)[None, :] - np.float32(cx)
    nearest = np.minimum.reduce([stroke(y, x) for stroke in strokes])
    part += np.clip(0.5 - nearest, 0, 1)[..., None] * (ink - part)


def _seen_at_an_angle(rng: Generator, canvas: Array) -> Array:
    """A plane seen in perspective: a random homography close to the identity, on reflected ground."""
    size = canvas.shape[0]
    y, x = np.mgrid[:size, :size].astype(np.float32) / size - 0.5
    ty, tx = rng.uniform(-0.9, 0.9, 2)
    angle, zoom = rng.uniform(-np.pi, np.pi), rng.uniform(0.6, 1.1)
    depth = 1 + ty * y + tx * x
    u = zoom * (np.cos(angle) * x + np.sin(angle) * y) / depth
    v = zoom * (np.cos(angle) * y - np.sin(angle) * x) / depth
    places = np.stack([v + 0.5, u + 0.5]) * size
    channels = [map_coordinates(canvas[..., k], places, order=1, mode="mirror") for k in range(canvas.shape[2])]
    return np.stack(channels, axis=-1).astype(np.float32)


def _focused(rng: Generator, canvas: Array) -> Array:
    """As a lens leaves it: a little soft as a rule, much in parts of some."""
    made: Array = canvas
    if rng.uniform() < 0.5:
        made = gaussian_filter(made, (*[rng.uniform(0.2, 0.8)] * 2, 0))
    if rng.uniform() < 0.15:
        far = gaussian_filter(made, (*[rng.uniform(1.5, 6)] * 2, 0))
        field = power_law(rng, canvas.shape[0], 2.5, 1.0, 0.0)
        made = made + np.clip(field + 0.5, 0, 1)[..., None] * (far - made)
    return made


def _lit(rng: Generator, canvas: Array) -> Array:
    """Light that falls off slowly, contrast, and the curve of a camera."""
    if rng.uniform() < 0.5:
        field = power_law(rng, canvas.shape[0], rng.uniform(2, 3), 1.0, 0.0)
        canvas = canvas * np.exp(rng.uniform(0.05, 0.5) * field)[..., None]
    low, high = rng.uniform(-0.1, 0.25), rng.uniform(0.7, 1.15)
    gamma = np.exp(rng.normal(0, 0.25))
    return low + (high - low) * np.clip(canvas, 0, None) ** np.float32(gamma)
