"""The filter that makes of a small picture the one that cubic shrinking would have made."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.operators.downsample import check_kernel
from oneself.operators.kernels import cubic_kernel

__all__ = ["CorrectionFilter"]

MARGIN = 16  # samples that a picture is continued by, so that its edges do not meet


class CorrectionFilter:
    """``h`` with ``h * (k * x)↓ = (b * x)↓`` for every ``x`` that the cubic kernel ``b`` can tell: ``x = Bᵀz``.

    ``K = ↓(k * ·)`` and ``B = ↓(b * ·)`` turn ``B`` transposed into filters of the small grid, so that ``h = (B Bᵀ)
    (K Bᵀ)⁻¹`` is one, too: ``ĥ = n / d``, ``n = F[(b * b̃)↓]``, ``d = F[(k * b̃)↓]``. Where ``k`` lets next to nothing
    through, it is kept near doing nothing: ``(n d̄ + ridge) / (|d|² + ridge)``. Any super-resolver made for cubic
    shrinking can then be given the picture.

    Parameters
    ----------
    scale : int
    kernel : Tensor
        ``(side, side)``, as of ``Downsample``.
    ridge : float
        The larger, the less noise is amplified: by about ``1 / (2 √ridge)`` at most.

    Raises
    ------
    ValueError
        A kernel that is no blur; a scale that is not whole or below 2; a ridge below 0.

    Notes
    -----
    Abu Hussein, Tirer, Giryes. Correction filter for single image super-resolution. CVPR 2020.
    """

    def __init__(self, scale: int, kernel: Tensor, ridge: float = 1e-3) -> None:
        if isinstance(scale, bool) or scale != int(scale) or scale < 2:
            raise ValueError(f"CorrectionFilter(scale={scale!r}): must be whole and at least 2. Give 2, 3, …")
        if not ridge >= 0:
            raise ValueError(f"CorrectionFilter(ridge={ridge!r}): below 0. Give 0 or more.")
        self.scale: int = int(scale)
        self.kernel, self.ridge = check_kernel(kernel, 2).double(), ridge
        self.cubic = cubic_kernel(self.scale, 4 * self.scale + 1, torch.float64)

    def response(self, size: Sequence[int]) -> Tensor:
        """``ĥ`` on the frequencies of a small picture of that size, complex."""
        wanted, given = (self._seen(kernel, size) for kernel in (self.cubic, self.kernel.to(self.cubic)))
        made: Tensor = (wanted * given.conj() + self.ridge) / (given.abs().square() + self.ridge)
        return made

    def _seen(self, kernel: Tensor, size: Sequence[int]) -> Tensor:
        """``F[(kernel * b̃)↓]``: what the kernel makes of a cubic spot, every ``scale``-th sample."""
        reach = [n - 1 for n in self.cubic.shape]
        wide = F.pad(kernel[None, None], [reach[1], reach[1], reach[0], reach[0]])
        spot = F.conv2d(wide, self.cubic[None, None])[0, 0]  # correlation with b is convolution with b̃
        grid = spot.new_zeros(tuple(size))
        first = [(n // 2) % self.scale for n in spot.shape]
        kept = spot[first[0] :: self.scale, first[1] :: self.scale]
        rows, columns = (
            (torch.arange(n) - (m // 2) // self.scale) % whole
            for n, m, whole in zip(kept.shape, spot.shape, size, strict=True)
        )
        grid.index_put_((rows[:, None], columns[None]), kept, accumulate=True)
        seen: Tensor = torch.fft.fft2(self.scale**2 * grid)
        return seen

    def __call__(self, y: Tensor) -> Tensor:
        """``h * y``, of ``(B, C, H, W)``, its edges mirrored."""
        margins = [min(MARGIN, n - 1) for n in y.shape[2:]]
        wide = F.pad(y.double(), [margins[1], margins[1], margins[0], margins[0]], mode="reflect")
        response = self.response(wide.shape[2:]).to(y.device)
        made = torch.fft.ifft2(torch.fft.fft2(wide) * response).real
        (a, b), (n, m) = margins, y.shape[2:]
        inner: Tensor = made[..., a : a + n, b : b + m].to(y.dtype)
        return inner
