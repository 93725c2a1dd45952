"""Cubic resampling by any factor, as a linear operator."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from oneself.operators.least_norm import least_norm
from oneself.operators.precision import at_least_float32, full_precision

__all__ = ["Resize", "enlarge", "resize"]

DENSE = 2**19  # elements of a weight matrix above which it is kept sparse
PINV = 4096  # samples a side above which the pseudo-inverse is iterated for rather than factorised
MATRICES = 48  # weight matrices that are remembered
_matrices: dict[tuple[object, ...], Tensor] = {}


class Resize:
    """Cubic antialiased shrinking as an operator of super-resolution: ``y = W_1 ⊗ … ⊗ W_d x``.

    Each axis has a matrix of Keys' cubic (``a = -1/2``), widened by the factor and normalised, mirrored at the
    edges: what MATLAB's ``imresize`` does with an output size, and what the published low-resolution images of
    the "bicubic" kind are made with. One, two or three dimensions, any factor, another one for each axis.
    deepinv's ``Downsampling`` has whole factors, two dimensions and a size fixed beforehand; hence this one.

    Sizes are free: ``A`` makes ``round(n / scale)`` samples out of ``n`` (halves upwards, at least 1), and the
    factor is then that of the two sizes, so that image and measurement always cover the same field of view.

    Parameters
    ----------
    scale : float or sequence of float
        By how much each axis shrinks, at least 1; one number stands for every axis.
    size : sequence of int, optional
        Spatial size that ``A_adjoint`` and ``A_dagger`` go back to; ``round(scale * n)`` unless given.

    Raises
    ------
    ValueError
        A scale below 1 or not finite, a size below 1, or an image with another number of axes than ``scale``.

    Notes
    -----
    Results are float32 or better, also inside autocast; float64 stays float64. Weights follow the data's device.

    Keys. Cubic convolution interpolation for digital image processing. IEEE TASSP 1981.
    """

    def __init__(self, scale: float | Sequence[float], size: Sequence[int] | None = None) -> None:
        self.scale = tuple(map(float, scale)) if isinstance(scale, Sequence) else float(scale)
        for value in self.scale if isinstance(self.scale, tuple) else (self.scale,):
            if not (math.isfinite(value) and value >= 1):
                raise ValueError(f"Resize(scale={scale!r}): must be finite and at least 1. Give how much to shrink by.")
        self.size = None if size is None else tuple(size)
        if self.size is not None and min(self.size) < 1:
            raise ValueError(f"Resize(size={size!r}): must be 1 or more on every axis. Give the large image's size.")

    def __repr__(self) -> str:
        return f"Resize(scale={self.scale}" + (")" if self.size is None else f", size={self.size})")

    def at(self, scale: float | Sequence[float]) -> Resize:
        """The same operator of another factor."""
        return Resize(scale)

    def A(self, x: Tensor) -> Tensor:
        """Shrink ``(B, C, *spatial)``."""
        sizes = [max(1, math.floor(n / s + 0.5)) for n, s in zip(x.shape[2:], self._scales(x), strict=True)]
        return resize(x, sizes)

    def A_adjoint(self, y: Tensor) -> Tensor:
        """The transpose of ``A``, from ``(B, C, *small)`` to the large size."""
        made = at_least_float32(y)
        with full_precision(y):
            for axis, large in enumerate(self.large_size(y), start=2):
                made = _along(_weights(large, made.shape[axis], 0.0, made).mT, made, axis)
        return made

    def A_dagger(self, y: Tensor) -> Tensor:
        """The smallest image whose ``A`` is ``y``, from ``(B, C, *small)`` to the large size."""
        if max(y.shape[2:]) > PINV:
            return least_norm(self.A, self.A_adjoint, at_least_float32(y), steps=200)
        made = at_least_float32(y)
        with full_precision(y):
            for axis, large in enumerate(self.large_size(y), start=2):
                made = _along(_inverse(large, made.shape[axis], made), made, axis)
        return made

    def enlarge(self, y: Tensor) -> Tensor:
        """Plain cubic interpolation of ``(B, C, *small)`` to the large size."""
        return enlarge(y, self.large_size(y))

    def large_size(self, y: Tensor) -> tuple[int, ...]:
        """The spatial size that ``A_adjoint`` makes out of this measurement."""
        scales = self._scales(y)
        if self.size is None:
            return tuple(math.floor(n * s + 0.5) for n, s in zip(y.shape[2:], scales, strict=True))
        if len(self.size) != len(scales):
            raise ValueError(f"Resize(size={self.size}): the measurement has {len(scales)} axes. Give as many sizes.")
        return self.size

    def _scales(self, x: Tensor) -> tuple[float, ...]:
        if not isinstance(self.scale, tuple):
            return (self.scale,) * (x.ndim - 2)
        if len(self.scale) != x.ndim - 2:
            raise ValueError(f"Resize(scale={self.scale}): the image has {x.ndim - 2} axes. Give as many, or one.")
        return self.scale


def resize(x: Tensor, size: Sequence[int], shift: Sequence[float] | None = None) -> Tensor:
    """Cubic resampling of ``(B, C, *spatial)`` to ``(B, C, *size)``, antialiased along axes that shrink.

    Parameters
    ----------
    shift : sequence of float, optional
        How far, in samples of the result, the content moves towards larger indices on each axis.
    """
    made = at_least_float32(x)
    shifts = (0.0,) * len(size) if shift is None else shift
    with full_precision(x):
        for axis, (wanted, by) in enumerate(zip(size, shifts, strict=True), start=2):
            made = _along(_weights(made.shape[axis], wanted, by, made), made, axis)
    return made


def enlarge(y: Tensor, size: Sequence[int], shift: Sequence[float] | None = None) -> Tensor:
    """``resize`` to a larger size: plain cubic interpolation.

    Raises
    ------
    ValueError
        The size is smaller than the image's.
    """
    if any(wanted < n for wanted, n in zip(size, y.shape[2:], strict=True)):
        raise ValueError(f"enlarge(size={tuple(size)}): smaller than {tuple(y.shape[2:])}. Use resize to shrink.")
    return resize(y, size, shift)


def _cubic(t: Tensor) -> Tensor:
    a = t.abs()
    inner, outer = (1.5 * a - 2.5) * a * a + 1, ((2.5 - 0.5 * a) * a - 4) * a + 2
    return torch.where(a <= 1, inner, torch.where(a < 2, outer, 0.0))


def _triplets(given: int, made: int, shift: float) -> tuple[Tensor, Tensor]:
    """Which sample weighs how much in which: ``(2, n)`` indices and ``(n,)`` weights, float64."""
    step = given / made
    width = max(1.0, step)
    centre = (torch.arange(made, dtype=torch.float64) + 0.5 - shift) * step - 0.5
    taps = torch.arange(math.ceil(4 * width) + 1)
    columns = (centre - 2 * width).floor().long()[:, None] + 1 + taps
    weights = _cubic((columns - centre[:, None]) / width)
    weights = weights / weights.sum(1, keepdim=True)
    mirrored = columns % (2 * given)
    mirrored = torch.minimum(mirrored, 2 * given - 1 - mirrored)
    rows = torch.arange(made)[:, None].expand_as(columns)
    return torch.stack([rows.flatten(), mirrored.flatten()]), weights.flatten()


def _matrix(index: Tensor, weights: Tensor, rows: int, columns: int) -> Tensor:
    """Sparse; what stands in one place is added up, as ``coalesce`` does, which some versions of torch warn of."""
    places, which = torch.unique(index[0] * columns + index[1], return_inverse=True)
    summed = weights.new_zeros(len(places)).index_add_(0, which, weights)
    index = torch.stack([places // columns, places % columns])
    return torch.sparse_coo_tensor(index, summed, (rows, columns), is_coalesced=True, check_invariants=False)


def _weights(given: int, made: int, shift: float, like: Tensor) -> Tensor:
    """The matrix ``(made, given)``; a large one is sparse."""
    key = ("forward", given, made, shift, like.dtype, like.device)
    if key not in _matrices:
        with torch.inference_mode(False), torch.no_grad():
            index, weights = _triplets(given, made, shift)
            matrix = _matrix(index, weights, made, given)
            _remember(key, (matrix if given * made > DENSE else matrix.to_dense()).to(like))
    return _matrices[key]


def _inverse(large: int, small: int, like: Tensor) -> Tensor:
    """The pseudo-inverse ``(large, small)`` of the shrinking matrix, ``W^T (W W^T)^-1``."""
    key = ("inverse", large, small, like.dtype, like.device)
    if key not in _matrices:
        with torch.inference_mode(False), torch.no_grad():
            index, weights = _triplets(large, small, 0.0)
            matrix = _matrix(index, weights, small, large).to_dense()
            _remember(key, torch.linalg.solve(matrix @ matrix.mT, matrix).mT.contiguous().to(like))
    return _matrices[key]


def _remember(key: tuple[object, ...], matrix: Tensor) -> None:
    if len(_matrices) >= MATRICES:
        del _matrices[next(iter(_matrices))]
    _matrices[key] = matrix


def _along(matrix: Tensor, x: Tensor, axis: int) -> Tensor:
    """``matrix`` applied along one axis of ``x``."""
    made, given = matrix.shape
    before, after = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
    stack = x.reshape(before, given, after)
    if matrix.is_sparse:
        flat = stack.transpose(0, 1).reshape(given, -1)
        stack = torch.sparse.mm(matrix, flat).reshape(made, before, after).transpose(0, 1)
    else:
        stack = torch.matmul(stack.squeeze(2), matrix.mT) if after == 1 else torch.matmul(matrix, stack)
    return stack.reshape(*x.shape[:axis], made, *x.shape[axis + 1 :])
