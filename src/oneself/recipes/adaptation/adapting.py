"""The stage of every method that adapts a pretrained denoiser: losses by name, what may change, and the judge."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.func import functional_call

from oneself.core import Example, Fit, Input, OptimiserFactory, Pretrained, Term
from oneself.imaging.cropping import cut
from oneself.inputs import BlindGrid, BlindSpots, split_pair
from oneself.losses import Fidelity
from oneself.networks.pretrained import Weights, load_weights
from oneself.noise import known_level, percent
from oneself.recipes.adaptation.calling import Denoising, called, level_argument
from oneself.recipes.adaptation.changes import Opening, allow, merge
from oneself.recipes.adaptation.judging import HALVED, AdaptedOrNot, Gain, Judge, Pairing, Parts, Prediction, Risk
from oneself.stopping import Patience
