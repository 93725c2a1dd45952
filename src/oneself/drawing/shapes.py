"""Shapes as distances: below 0 inside, above 0 outside, in pixels, so that an edge is as soft as one wishes."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

__all__ = ["blob", "curve", "ellipse", "polygon", "radii", "shape"]

Array = NDArray[np.float32]
Distance = Callable[[Array, Array], Array]


def radii(rng: Generator, count: int, least: float, most: float, power: float = 3.0) -> Array:
    """Radii with the density ``r^-power`` between two: what makes leaves look the same at every scale at 3.

    Lee, Mumford, Huang. Occlusion models for natural images. IJCV 2001.
    """
    k = 1 - power
    u = rng.uniform(size=count)
    found: Array = ((least**k + u * (most**k - least**k)) ** (1 / k)).astype(np.float32)
    return found


def ellipse(rng: Generator, radius: float) -> Distance:
    """An ellipse whose longer half axis is ``radius``; the distance is that of its gauge, about right near the edge."""
    angle, ratio = rng.uniform(0, np.pi), rng.uniform(0.3, 1)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))

    def distance(y: Array, x: Array) -> Array:
        a, b = c * x + s * y, c * y - s * x
        gauge = np.sqrt(a * a + (b / ratio) ** 2)
        slope = np.sqrt(a * a + b * b / ratio**4) / (gauge + 1e-6)
        found: Array = ((gauge - radius) / (slope + 1e-6)).astype(np.float32)
        return found

    return distance


def polygon(rng: Generator, radius: float) -> Distance:
    """A convex polygon of 3 to 7 sides, often a rectangle."""
    if rng.uniform() < 0.5:
        turn = rng.uniform(0, np.pi / 2) if rng.uniform() < 0.6 else 0.0
        angles = turn + np.arange(4) * np.pi / 2
        reach = radius * np.tile(rng.uniform(0.15, 1, 2), 2)
    else:
        angles = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.dirichlet(np.full(rng.integers(3, 8), 6.0))) * 2 * np.pi
        reach = radius * rng.uniform(0.5, 0.9, len(angles))
    sides = np.stack([np.cos(angles), np.sin(angles), reach], axis=1).astype(np.float32)

    def distance(y: Array, x: Array) -> Array:
        found: Array = sides[0, 0] * x + sides[0, 1] * y - sides[0, 2]
        for nx, ny, far in sides[1:]:
            np.maximum(found, nx * x + ny * y - far, out=found)
        return found

    return distance


def blob(rng: Generator, radius: float) -> Distance:
    """A closed curve ``r(θ)`` of a few random waves: leaves, stains, stars."""
    orders = np.arange(2, rng.integers(4, 8))
    size = (rng.uniform(0, 0.6, len(orders)) / orders).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, len(orders)).astype(np.float32)

    def distance(y: Array, x: Array) -> Array:
        theta = np.arctan2(y, x)
        edge = np.full(theta.shape, np.float32(0.7 * radius))
        for order, a, p in zip(orders, size, phase, strict=True):
            edge += 0.7 * radius * a * np.cos(np.float32(order) * theta + p)
        return np.hypot(x, y) - edge

    return distance


def curve(rng: Generator, radius: float, thickness: float) -> Distance:
    """A bent line within ``radius``, of round ends, ``thickness`` pixels thick."""
    knots = rng.uniform(-0.75, 0.75, (3, 2)) * radius
    t = np.linspace(0, 1, 9)[:, None]
    points = ((1 - t) ** 2 * knots[0] + 2 * t * (1 - t) * knots[1] + t**2 * knots[2]).astype(np.float32)

    def distance(y: Array, x: Array) -> Array:
        found = np.full(np.broadcast(y, x).shape, np.float32(np.inf))
        for (ay, ax), (by, bx) in itertools.pairwise(points):
            dy, dx = by - ay, bx - ax
            along = np.clip(((y - ay) * dy + (x - ax) * dx) / (dy * dy + dx * dx + 1e-6), 0, 1)
            np.minimum(found, (y - ay - along * dy) ** 2 + (x - ax - along * dx) ** 2, out=found)
        return np.sqrt(found) - np.float32(thickness / 2)

    return distance


def shape(rng: Generator, radius: float) -> Distance:
    """One of the kinds at random."""
    kind = rng.uniform()
    if kind < 0.35:
        return ellipse(rng, radius)
    if kind < 0.7:
        return polygon(rng, radius)
    if kind < 0.85:
        return blob(rng, radius)
    return curve(rng, radius, max(1.0, rng.uniform(0.02, 0.25) * radius))
