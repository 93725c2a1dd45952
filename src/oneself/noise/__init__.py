"""What is known of the noise of one picture: level, dependence on the signal, correlation, saturation."""

from oneself.noise.known import known_level
from oneself.noise.level import estimate_sigma
from oneself.noise.report import NoiseReport, describe_noise
from oneself.noise.stabilise import Anscombe
from oneself.noise.stripes import line_offsets, stripe_levels

__all__ = [
    "Anscombe",
    "NoiseReport",
    "describe_noise",
    "estimate_sigma",
    "known_level",
    "line_offsets",
    "stripe_levels",
]
