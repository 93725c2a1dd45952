"""Convolutions of each channel with a kernel of its own, whose gradient does not take ten times as long on a CPU."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Depthwise", "depthwise"]

CONVOLVE = (F.conv1d, F.conv2d, F.conv3d)


def depthwise(x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    """``kernel_c * x_c + bias_c`` for every channel, zeros beyond the border, of the size of ``x``.

    ``torch``'s own gradient of the kernels takes most of a step on a CPU: it is written here as the convolution of the
    image with the gradient of the result, which is the same sum.

    Parameters
    ----------
    x : Tensor
        ``(B, C, *spatial)``.
    kernel : Tensor
        ``(C, 1, *odd)``.
    bias : Tensor, optional
        ``(C,)``.
    """
    same = x.dtype == kernel.dtype and not torch.is_autocast_enabled(x.device.type)
    if x.device.type == "cpu" and same and not torch.compiler.is_compiling():
        made: Tensor = _Depthwise.apply(x, kernel)
        return made if bias is None else made + bias.reshape(-1, *[1] * (x.ndim - 2))
    return CONVOLVE[x.ndim - 3](x, kernel, bias, padding=[n // 2 for n in kernel.shape[2:]], groups=x.shape[1])


class Depthwise(nn.Module):
    """``depthwise`` with parameters, begun as ``torch``'s convolutions are."""

    def __init__(self, dims: int, channels: int, kernel: int) -> None:
        super().__init__()
        kind = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[dims - 1]
        like = kind(channels, channels, kernel, groups=channels)
        assert like.bias is not None
        self.weight, self.bias = like.weight, like.bias

    def forward(self, x: Tensor) -> Tensor:
        return depthwise(x, self.weight, self.bias)


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor) -> Tensor:
        ctx.save_for_backward(x, kernel)
        return _convolved(x, kernel)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, kernel = ctx.saved_tensors
        axes = list(range(2, x.ndim))
        back = _convolved(gradient, kernel.flip(axes)) if ctx.needs_input_grad[0] else None
        return back, _correlated(x, gradient, kernel) if ctx.needs_input_grad[1] else None


def _convolved(x: Tensor, kernel: Tensor) -> Tensor:
    return CONVOLVE[x.ndim - 3](x, kernel, padding=[n // 2 for n in kernel.shape[2:]], groups=x.shape[1])


def _correlated(x: Tensor, gradient: Tensor, kernel: Tensor) -> Tensor:
    """The sum over a batch and all places of the gradient times the image around it."""
    count, channels = x.shape[:2]
    image = x.reshape(1, count * channels, *x.shape[2:])
    weights = gradient.reshape(count * channels, 1, *x.shape[2:])
    padding = [n // 2 for n in kernel.shape[2:]]
    made = CONVOLVE[x.ndim - 3](image, weights, padding=padding, groups=count * channels)
    return made.reshape(count, channels, 1, *kernel.shape[2:]).sum(0)
