"""Blurring by a given kernel and keeping every s-th sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.operators.least_norm import least_norm
from oneself.operators.precision import at_least_float32, full_precision

__all__ = ["Downsample", "check_kernel"]

CONVOLVE = (F.conv1d, F.conv2d, F.conv3d)
TRANSPOSE = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)


class Downsample:
    """``y[j] = (k * x)[s j + p]``: blur with a given kernel, then every ``s``-th sample, beginning with sample ``p``.

    ``*`` is convolution (the image of a point is the kernel itself, not its mirror image) with the kernel's middle
    at 0, and the image's edge samples go on beyond its edges. Sizes are free: ``A`` makes ``ceil((n - p) / s)``
    samples out of ``n``.

    The published low-resolution images of the "direct" kind have ``p = 0``, and so by default has this operator:
    relative to a picture shrunk area by area (bicubic, ``Resize``) theirs is displaced by ``(s - 1) / 2`` samples.
    A kernel whose centre of mass lies ``(s - 1) / 2`` before its middle makes up for that (ZSSR's code and KernelGAN
    correlate with one that lies as far behind it: turn theirs over), and with a centred kernel and odd ``s``
    ``phase=(s - 1) // 2`` does. `oneself.operators.displacement` finds what is left, whichever convention made the
    picture, and zssr makes up for it.

    Parameters
    ----------
    scale : int or sequence of int
        Which samples are kept, along each axis; one number stands for every axis. Whole floats will do.
    kernel : Tensor
        ``(*spatial)``, odd-sized, not negative, of sum 1; the same for every channel.
    phase : int or sequence of int
        The first sample that is kept, in ``0 … scale - 1``.
    size : sequence of int, optional
        Spatial size that ``A_adjoint`` and ``A_dagger`` go back to; ``scale * n`` unless given.

    Raises
    ------
    ValueError
        A scale or phase out of range, or a kernel that is even-sized, negative, not finite or not normalised.
    """

    def __init__(
        self,
        scale: float | Sequence[float],
        kernel: Tensor,
        *,
        phase: int | Sequence[int] = 0,
        size: Sequence[int] | None = None,
    ) -> None:
        dims = check_kernel(kernel).ndim
        self.scale, self.phase = _per_axis("scale", scale, dims), _per_axis("phase", phase, dims)
        if min(self.scale) < 1:
            raise ValueError(f"Downsample(scale={scale!r}): must be whole and at least 1. Use Resize for others.")
        if not all(0 <= p < s for p, s in zip(self.phase, self.scale, strict=True)):
            raise ValueError(f"Downsample(phase={phase!r}): must be at least 0 and below scale={self.scale}.")
        self.kernel, self.size = kernel.detach().clone(), None if size is None else tuple(size)

    def __repr__(self) -> str:
        return f"Downsample(scale={self.scale}, kernel={tuple(self.kernel.shape)}, phase={self.phase})"

    def at(self, scale: float | Sequence[float]) -> Downsample:
        """This operator, if it is its own scale.

        Raises
        ------
        ValueError
            Another scale: a kernel belongs to one scale, so there is no operator in between.
        """
        wanted = tuple(scale) if isinstance(scale, Sequence) else (scale,) * self.kernel.ndim
        if wanted == self.scale:
            return self
        raise ValueError(f"Downsample.at(scale={scale!r}): its kernel is that of {self.scale}. Give gradual=False.")

    def A(self, x: Tensor) -> Tensor:
        """Blur and sample ``(B, C, *spatial)``. Raises ValueError where no sample is kept."""
        sizes = [-(-(n - p) // s) for n, p, s in zip(self._spatial(x), self.phase, self.scale, strict=True)]
        if min(sizes) < 1:
            raise ValueError(
                f"Downsample(phase={self.phase}): keeps no sample of {tuple(x.shape[2:])}. Give a lower one."
            )
        made = at_least_float32(x)
        for axis, index in enumerate(self._seen(x.shape[2:], sizes, x.device), start=2):
            made = made.index_select(axis, index)
        flat = made.reshape(-1, 1, *made.shape[2:])
        with full_precision(x):
            flat = CONVOLVE[self.kernel.ndim - 1](flat, self._filter(flat), stride=self.scale)
        return flat.reshape(*x.shape[:2], *sizes)

    def A_adjoint(self, y: Tensor) -> Tensor:
        """The transpose of ``A``, from ``(B, C, *small)`` to the large size."""
        small, size = self._spatial(y), self.large_size(y)
        made = at_least_float32(y)
        flat = made.reshape(-1, 1, *small)
        with full_precision(y):
            flat = TRANSPOSE[self.kernel.ndim - 1](flat, self._filter(flat), stride=self.scale)
        made = flat.reshape(*y.shape[:2], *flat.shape[2:])
        for axis, index in enumerate(self._seen(size, small, y.device), start=2):
            shape = [*made.shape[:axis], size[axis - 2], *made.shape[axis + 1 :]]
            made = made.new_zeros(shape).index_add(axis, index, made)
        return made

    def A_dagger(self, y: Tensor) -> Tensor:
        """The smallest image whose ``A`` is ``y``, by conjugate gradients; a strong blur leaves a small residual."""
        return least_norm(self.A, self.A_adjoint, at_least_float32(y), steps=200)

    def large_size(self, y: Tensor) -> tuple[int, ...]:
        """The spatial size that ``A_adjoint`` makes out of this measurement."""
        small = self._spatial(y)
        size = self.size or tuple(n * s for n, s in zip(small, self.scale, strict=True))
        if tuple(-(-(n - p) // s) for n, p, s in zip(size, self.phase, self.scale, strict=True)) != small:
            raise ValueError(f"Downsample(size={self.size}): does not shrink to {small}. Give the large image's size.")
        return size

    def _filter(self, like: Tensor) -> Tensor:
        return self.kernel.to(like).flip(tuple(range(self.kernel.ndim)))[None, None]

    def _seen(self, size: Sequence[int], small: Sequence[int], device: torch.device) -> list[Tensor]:
        """For each axis the samples under the kernel's way, edges repeated."""
        ways = zip(size, small, self.kernel.shape, self.scale, self.phase, strict=True)
        return [(torch.arange(s * (m - 1) + k, device=device) + p - k // 2).clamp(0, n - 1) for n, m, k, s, p in ways]

    def _spatial(self, x: Tensor) -> tuple[int, ...]:
        if x.ndim - 2 != self.kernel.ndim:
            raise ValueError(f"Downsample(kernel={self.kernel.ndim}D): the image has {x.ndim - 2} axes. Give as many.")
        return tuple(x.shape[2:])


def _per_axis(name: str, value: Any, dims: int) -> tuple[int, ...]:
    values = tuple(value) if isinstance(value, Sequence) else (value,) * dims
    whole = all(type(v) is not bool and isinstance(v, Real) and float(v).is_integer() for v in values)
    if len(values) != dims or not whole:
        raise ValueError(f"Downsample({name}={value!r}): one whole number, or one for each of {dims} axes, is needed.")
    return tuple(int(v) for v in values)


def check_kernel(kernel: Tensor, dims: int | None = None) -> Tensor:
    """The kernel, if it is a blur; of sum 1 exactly, where that was rounded, as by 16 bits.

    Raises
    ------
    ValueError
        It is even-sized, negative, not finite, not normalised, not floating point, or not of ``dims`` axes.
    """
    name = f"kernel(shape={tuple(kernel.shape)})"
    if kernel.ndim not in ((1, 2, 3) if dims is None else (dims,)) or not kernel.is_floating_point():
        wanted = "1, 2 or 3" if dims is None else dims
        raise ValueError(f"{name}: {kernel.ndim}D {kernel.dtype}. Give a floating-point one in {wanted}D.")
    if any(n % 2 == 0 for n in kernel.shape):
        raise ValueError(f"{name}: even-sized, so it has no middle. Pad it with zeros to odd sizes.")
    if not bool(torch.isfinite(kernel).all()) or bool((kernel < 0).any()):
        raise ValueError(f"{name}: NaN, infinite or negative values. Check how it was made.")
    total = float(kernel.double().sum())
    if not math.isclose(total, 1, abs_tol=1e-2):
        raise ValueError(f"{name}: its sum is {total:g}, not 1. Divide it by its sum.")
    return kernel if math.isclose(total, 1, abs_tol=1e-6) else (kernel.double() / total).to(kernel.dtype)
