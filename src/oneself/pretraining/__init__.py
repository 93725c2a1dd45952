"""Training a prior offline, on drawn pictures, for all inputs to come."""

from oneself.pretraining.denoiser import DenoiserPlan, DenoiserTraining
from oneself.pretraining.saving import Progress
from oneself.pretraining.super_resolver import MetaPlan, MetaTraining
from oneself.pretraining.training import Plan, Training, train

__all__ = [
    "DenoiserPlan",
    "DenoiserTraining",
    "MetaPlan",
    "MetaTraining",
    "Plan",
    "Progress",
    "Training",
    "train",
]
