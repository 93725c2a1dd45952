"""Fits whose answer is a blur: the kernel ``(1, 1, *kernel)`` that a picture was shrunk with.

A picture alone does not tell where its kernel lies, only its shape. The answers here have their centre of mass
``(scale - 1) / 2`` before their middle: given to ``physics.Downsample``, they enlarge a picture to one that covers the
same field of view, as ``physics.Resize`` does.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from oneself.core import Example, Fit, Input
from oneself.losses.spectra import SameSpectrum
from oneself.operators.kernels import composed, gaussian_kernel, moved
from oneself.optim import adam, one_cycle

__all__ = ["FreeBlur", "SpectralFit", "check_shrunk", "placed", "strides"]

STRIDES = {2: (2, 1), 3: (3, 1), 4: (2, 2)}
BEGIN, SHAKE = 1.5, 0.05  # width of the Gaussian that a free kernel begins as, and how far from it


def strides(method: str, scale: int) -> tuple[int, int]:
    """The factor whose kernel is looked for, and how many shrinkings by it make up ``scale``."""
    if scale not in STRIDES:
        raise ValueError(f"{method}(scale={scale}): kernels are found for 2, 3 and 4. Give one of these.")
    return STRIDES[scale]


def check_shrunk(method: str, y: Tensor, least: int) -> None:
    """Refuse what is too small to have a smaller self."""
    if min(y.shape[2:]) < least:
        raise ValueError(
            f"{method}(y.shape={tuple(y.shape)}): too small to be compared with its own smaller copy. "
            f"Give a picture of at least {least} samples a side."
        )


def placed(kernel: Tensor, stride: int, times: int = 1, threshold: float = 0.0) -> Tensor:
    """``(side, side)`` moved to its place, for ``times`` shrinkings; values below ``threshold`` of its peak are 0."""
    kept = torch.where(kernel >= threshold * kernel.max(), kernel, 0)
    return composed(moved(kept, [-(stride - 1) / 2] * kernel.ndim), stride, times)[None, None]


class FreeBlur(nn.Module):
    """A positive kernel of sum 1, its own image under a half turn: ``FreeBlur(side)() -> (1, 1, side, side)``.

    A spectrum's size tells nothing of a kernel beyond that.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        begin = (gaussian_kernel(side, BEGIN) + 1e-4).log()
        self.logits = nn.Parameter(begin + SHAKE * torch.randn_like(begin))

    def forward(self) -> Tensor:
        kernel = self.logits.flatten().softmax(0).reshape(1, 1, *self.logits.shape)
        return (kernel + kernel.flip(2, 3)) / 2


class _Nothing(Input):
    """There is nothing to feed to a kernel."""

    def __init__(self, like: Tensor) -> None:
        super().__init__()
        self.register_buffer("target", like.new_zeros(()), persistent=False)

    def forward(self) -> Example:
        assert isinstance(self.target, Tensor)
        return Example((), self.target)

    evaluation_example = forward


class SpectralFit(Fit):
    """The kernel with which the picture, shrunk once more, has the spectrum that it has."""

    def __init__(
        self,
        y: Tensor,
        stride: int,
        *,
        side: int,
        window: int,
        sigma: float,
        lr: float,
        steps: int,
        times: int = 1,
        threshold: float = 0.0,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(
            structure=FreeBlur(side),
            input=_Nothing(y),
            loss=SameSpectrum(y, stride, window, sigma),
            optimiser=adam(lr),
            schedule=one_cycle(0.1, 1.0, 0.02),
            steps=steps,
            image_output=False,
            notes=notes,
            output=lambda network: placed(network()[0, 0], stride, times, threshold),
        )
