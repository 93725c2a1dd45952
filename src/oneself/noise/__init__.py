"""What is known of the noise of one picture: level, dependence on the signal, correlation, saturation."""

from oneself.noise.known import known_level, known_noise
from oneself.noise.level import estimate_sigma
from oneself.noise.report import NoiseReport, describe_noise

__all__ = ["NoiseReport", "describe_noise", "estimate_sigma", "known_level", "known_noise"]
