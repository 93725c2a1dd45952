"""SIFID: how far the deep statistics of one picture are from another's, by weights that are given as a file.

    python benchmarks/generation.py … --inception inception_v3.pth      # a state_dict, or safetensors

Rott Shaham, Dekel, Michaeli. SinGAN: learning a generative model from a single natural image. ICCV 2019.
Szegedy, Vanhoucke, Ioffe, Shlens, Wojna. Rethinking the inception architecture for computer vision. CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["features", "frechet", "read_weights", "sifid"]

STEM = (("Conv2d_1a_3x3", 2, 0), ("Conv2d_2a_3x3", 1, 0), ("Conv2d_2b_3x3", 1, 1))  # name, stride, padding
EPSILON = 1e-3  # of the batch normalisations


def read_weights(path: Path) -> dict[str, Tensor]:
    """What the first layers need of torchvision's ``inception_v3`` or of another network with its names.

    Raises
    ------
    ValueError
        Layers are missing.
    """
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        found = load_file(path)
    else:
        found = torch.load(path, map_location="cpu", weights_only=True)
        found = found.get("state_dict", found)
    kinds = ("conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")
    names = [f"{layer}.{kind}" for layer, _, _ in STEM for kind in kinds]
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(f"inception({str(path)!r}): no {missing[0]}. Give weights of torchvision's inception_v3.")
    return {name: found[name].float() for name in names}


def features(x: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
    """What the network holds behind its first pooling, ``(64, places)``, of a picture ``(1, C, H, W)`` in [0, 1]."""
    x = 2 * x.expand(-1, 3, -1, -1) - 1
    for layer, stride, padding in STEM:
        x = F.conv2d(x, weights[f"{layer}.conv.weight"], stride=stride, padding=padding)
        mean, variance = weights[f"{layer}.bn.running_mean"], weights[f"{layer}.bn.running_var"]
        gain, offset = weights[f"{layer}.bn.weight"], weights[f"{layer}.bn.bias"]
        x = F.relu(F.batch_norm(x, mean, variance, gain, offset, eps=EPSILON))
    return F.max_pool2d(x, 3, 2)[0].flatten(1)


def frechet(a: Tensor, b: Tensor) -> float:
    """``‖μ_a − μ_b‖² + tr(C_a + C_b − 2 (C_a^½ C_b C_a^½)^½)`` of two sets of columns, taken as Gaussian."""
    (mean_a, root_a, trace_a), (mean_b, root_b, trace_b) = (_moments(x.double()) for x in (a, b))
    shared = torch.linalg.svdvals(root_a @ root_b).sum()  # the trace of (C_a^½ C_b C_a^½)^½
    return float((mean_a - mean_b).square().sum() + trace_a + trace_b - 2 * shared)


def _moments(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, root of the covariance, and the covariance's trace."""
    covariance = torch.cov(x)
    values, vectors = torch.linalg.eigh(covariance)
    return x.mean(1), (vectors * values.clamp(min=0).sqrt()) @ vectors.T, covariance.trace()


def sifid(weights: Mapping[str, Tensor]) -> Callable[[Tensor, Tensor], float]:
    """The distance of two pictures ``(1, C, H, W)`` in [0, 1] by these weights; 0 at best."""
    return lambda x, y: frechet(features(x, weights), features(y, weights))
