"""Training a prior offline, on drawn pictures or a folder of the user's, for all inputs to come."""

from collections.abc import Mapping

from oneself.pretraining.denoiser import DenoiserPlan, DenoiserTraining
from oneself.pretraining.saving import Progress
from oneself.pretraining.super_resolver import MetaTraining, MLSRPlan, MZSRPlan
from oneself.pretraining.training import Plan, Training, train

__all__ = ["KINDS", "DenoiserPlan", "MLSRPlan", "MZSRPlan", "Plan", "Progress", "Training", "train"]

KINDS: Mapping[str, tuple[type[Plan], type[Training]]] = {
    plan.kind: (plan, training)
    for plan, training in ((DenoiserPlan, DenoiserTraining), (MZSRPlan, MetaTraining), (MLSRPlan, MetaTraining))
}
"""What can be trained, by name."""
