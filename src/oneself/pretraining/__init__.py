"""Training a prior offline, on drawn pictures, for all inputs to come."""

from oneself.pretraining.denoiser import Plan, begin, train_denoiser
from oneself.pretraining.saving import Progress

__all__ = ["Plan", "Progress", "begin", "train_denoiser"]
