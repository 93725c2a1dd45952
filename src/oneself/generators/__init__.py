"""What stays of a fit to one picture when new pictures are wanted: trained networks that can be sampled at any size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oneself.generators.cascade import Cascade
from oneself.generators.fusion import Fusion
from oneself.generators.guidance import Guide, Region, Shaping, steering
from oneself.generators.pyramid import Level, Pyramid
from oneself.generators.sampler import Noise, Sampler, Steered, fresh, silent
from oneself.generators.sizes import pyramid_sizes, scaled

__all__ = [
    "Cascade",
    "Fusion",
    "Guide",
    "Level",
    "Noise",
    "Pyramid",
    "Region",
    "Sampler",
    "Shaping",
    "Steered",
    "blank",
    "fresh",
    "pyramid_sizes",
    "scaled",
    "silent",
    "steering",
]

SAMPLERS: Mapping[str, type[Sampler]] = {"sinddm": Cascade, "sinfusion": Fusion, "singan": Pyramid}


def blank(method: str, configuration: Mapping[str, Any]) -> Sampler:
    """An untrained sampler of a method, of the shape that a saved one's ``configuration`` says.

    Raises
    ------
    KeyError
        The method trains none.
    """
    return SAMPLERS[method].blank(configuration)
