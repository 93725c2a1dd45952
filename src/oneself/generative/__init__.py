"""What stays of a fit to one picture when new pictures are wanted: trained networks that can be sampled at any size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from oneself.core.option import shown
from oneself.core.schema import Misfit, conform
from oneself.generative.cascade import Cascade
from oneself.generative.fusion import Fusion
from oneself.generative.guidance import Guide, Region, Shaping, steering
from oneself.generative.pyramid import Level, Pyramid
from oneself.generative.sampler import Noise, Sampler, Steered, fresh, silent
from oneself.generative.sizes import pyramid_sizes, scaled
from oneself.generative.texture import Texture
from oneself.generative.waves import WaveLevel, Waves

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
    "Texture",
    "WaveLevel",
    "Waves",
    "blank",
    "fresh",
    "pyramid_sizes",
    "scaled",
    "silent",
    "steering",
]

SAMPLERS: Mapping[str, type[Sampler]] = {
    "audio_texture": Texture,
    "catch_a_waveform": Waves,
    "patch_diffusion": Cascade,
    "patch_transport": Pyramid,
    "sinddm": Cascade,
    "sinfusion": Fusion,
    "singan": Pyramid,
}


def blank(method: str, configuration: Mapping[str, Any], state: Mapping[str, Tensor]) -> Sampler:
    """An untrained sampler of a method, of the shape that a saved one's ``configuration`` says, to load its ``state``
    into. What is claimed is compared with what is there before any memory is taken.

    Raises
    ------
    Misfit
        The method trains no sampler; a configuration that is malformed, or of another sampler than the state.
    """
    if method not in SAMPLERS:
        raise Misfit(f"the method {shown(method)} makes no pictures")
    conform(configuration, SAMPLERS[method].Configuration, "configuration")
    conform(state, dict[str, Tensor], "state")
    shape, weights = SAMPLERS[method].claims(configuration)
    if "picture" not in state or tuple(state["picture"].shape) != shape:
        raise Misfit(f"the picture of the shape {shape} is not in it")
    sizes = configuration.get("sizes", [])
    if any(n > most for size in sizes for n, most in zip(size, sizes[-1], strict=True)):
        raise Misfit("a scale is larger than the picture")
    if weights > (held := sum(tensor.numel() for tensor in state.values())):
        raise Misfit(f"networks of more than {weights} weights are told of, {held} numbers are in it")
    return SAMPLERS[method].blank(configuration)
