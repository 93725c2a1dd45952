"""A critic that tells real from made, and is kept from being too steep (WGAN-GP)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["critique", "frozen", "gradient_penalty"]


def critique(critic: nn.Module, real: Tensor, made: Tensor) -> Tensor:
    """``mean D(made) - mean D(real)``: minus the estimated Wasserstein distance, which the critic minimises.

    Arjovsky, Chintala, Bottou. Wasserstein generative adversarial networks. ICML 2017.
    """
    told: Tensor = critic(made).mean() - critic(real).mean()
    return told


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, made: Tensor, share: Tensor) -> Tensor:
    """``mean (‖∇ Σ D(x)‖ - 1)²`` at ``x = share * real + (1 - share) * made``, the norm over channels of each element.

    ``D`` gives a number for every patch; the sum of them has the gradient of each where patches do not overlap.

    Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville. Improved training of Wasserstein GANs. NeurIPS 2017.
    """
    between = torch.lerp(made, real, share).detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    penalty: Tensor = (slope.norm(dim=1) - 1).square().mean()
    return penalty


def frozen(network: nn.Module, *inputs: Tensor) -> Any:
    """What a network makes of its inputs, with a gradient for these but none for its weights."""
    weights = {name: value.detach() for name, value in network.named_parameters()}
    return torch.func.functional_call(network, weights, inputs)
