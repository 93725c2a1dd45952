"""What is known of the noise of one picture: level, dependence on the signal, correlation, stripes, saturation,
outliers."""

from oneself.noise.channels import SHARED, channel_correlation
from oneself.noise.covariance import PatchNoise, estimate_patch_noise
from oneself.noise.known import known_level, known_noise, noise_power
from oneself.noise.level import estimate_sigma, median_level
from oneself.noise.outliers import fill_outliers, find_outliers
from oneself.noise.prediction import Prediction, prediction
from oneself.noise.report import NoiseReport, describe_noise, percent
from oneself.noise.stabilising import Stabiliser, bent_variance
from oneself.noise.stripes import line_offsets, stripe_levels
from oneself.noise.structure import FOLLOWS, REPEATS, long_correlation, shared_direction

__all__ = [
    "FOLLOWS",
    "REPEATS",
    "SHARED",
    "NoiseReport",
    "PatchNoise",
    "Prediction",
    "Stabiliser",
    "bent_variance",
    "channel_correlation",
    "describe_noise",
    "estimate_patch_noise",
    "estimate_sigma",
    "fill_outliers",
    "find_outliers",
    "known_level",
    "known_noise",
    "line_offsets",
    "long_correlation",
    "median_level",
    "noise_power",
    "percent",
    "prediction",
    "shared_direction",
    "stripe_levels",
]
