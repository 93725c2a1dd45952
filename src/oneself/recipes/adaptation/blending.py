"""Two denoised pictures blended, by Stein's estimate of what each place and band needs of either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.core import Stage

__all__ = ["Blend", "bands", "stein_weights"]

CELL = 8  # side of the squares in which products are summed
AROUND = 13  # squares along each axis that one's weights are of
TRUST = 0.25  # how far the weights of a place lie from those of the whole picture, as a rule
HALF = 0.5
KERNEL = (1 / 16, 1 / 4, 3 / 8, 1 / 4, 1 / 16)


def bands(x: Tensor, count: int) -> list[Tensor]:
    """``count`` pictures whose sum is ``x``, ``(B, C, H, W)``: the finest details first, what is left last.

    Differences of B-spline blurs, each twice as wide as the one before (the "à trous" wavelets).
    """
    found = []
    for number in range(count - 1):
        smooth = _blurred(x, 2**number)
        found.append(x - smooth)
        x = smooth
    return [*found, x]


def _blurred(x: Tensor, spread: int) -> Tensor:
    kernel = torch.tensor(KERNEL).to(x).reshape(1, 1, -1, 1)
    flat = x.flatten(0, 1)[:, None]
    for weights, pad in ((kernel, (0, 0, 2 * spread, 2 * spread)), (kernel.mT, (2 * spread, 2 * spread, 0, 0))):
        dilation = (spread, 1) if weights is kernel else (1, spread)
        flat = F.conv2d(F.pad(flat, pad, mode="replicate"), weights, dilation=dilation)
    smooth: Tensor = flat[:, 0].unflatten(0, x.shape[:2])
    return smooth


def stein_weights(
    y: Tensor, base: Tensor, change: list[Tensor], divergence: list[Tensor], level: float
) -> tuple[Tensor, Tensor]:
    """The weights ``w`` of least estimated risk ``E‖base + Σ w_b change_b − x‖²``, everywhere and place by place.

    With ``G`` the inner products of the changes, ``G w = ⟨change, y − base⟩ − σ² div change`` (Stein). Its right side
    is uncertain by about ``2 σ² G``, half of it from the probe that measured the divergence, so the weights of a place
    are drawn towards those of the whole picture, and these towards ½.

    Parameters
    ----------
    y, base : Tensor
        The noisy picture and one denoised, ``(1, C, H, W)``.
    change : list of Tensor
        The bands of the other one less that.
    divergence : list of Tensor
        For each, ``b · J b`` element by element for a probe ``b`` of level σ: ``σ²`` times the divergence on average.
    level : float
        ``σ``.

    Returns
    -------
    w, overall : Tensor
        ``(bands, cells down, cells across)`` and ``(bands,)``, in [0, 1].
    """
    gram = torch.stack([torch.stack([_cells(a * b) for b in change], -1) for a in change], -1)
    right = torch.stack([_cells(a * (y - base) - d) for a, d in zip(change, divergence, strict=True)], -1)
    ridge = 2 * level**2 / TRUST**2 * torch.eye(len(change)).to(gram)
    overall = _solved(gram.sum((0, 1)), right.sum((0, 1)), ridge, torch.full_like(right[0, 0], HALF))
    local = _solved(_around(gram), _around(right), ridge, overall)
    return local.clamp(0, 1).movedim(-1, 0), overall.clamp(0, 1)


def _solved(gram: Tensor, right: Tensor, ridge: Tensor, prior: Tensor) -> Tensor:
    right = right + ridge @ prior
    solved: Tensor = torch.linalg.solve(gram + ridge, right)
    return solved


def _cells(products: Tensor) -> Tensor:
    """Sums over channels and squares, ``(rows, columns)``; squares at the far edges may be cut."""
    summed = products.sum(1, keepdim=True)
    whole = F.pad(summed, (0, -summed.shape[3] % CELL, 0, -summed.shape[2] % CELL))
    return F.avg_pool2d(whole, CELL)[0, 0] * CELL**2


def _around(cells: Tensor) -> Tensor:
    """Sums over the squares around each, ``(rows, columns, ...)``."""
    flat = cells.flatten(2).movedim(-1, 0)[:, None]
    summed = F.avg_pool2d(flat, AROUND, 1, AROUND // 2) * AROUND**2  # zeros lie beyond the border
    around: Tensor = summed[:, 0].movedim(0, -1).unflatten(-1, cells.shape[2:])
    return around


class Blend(Stage):
    """One step in closed form: ``base + Σ w_b band_b(other − base)``.

    Parameters
    ----------
    y : Tensor
        ``(1, C, H, W)``.
    base, other : Tensor
        ``(2, C, H, W)`` each: what two denoisers make of ``y``, and of ``y + shift * probe``.
    probe : Tensor
        Noise of the level.
    shift, level : float
    count : int
        Of the bands.
    """

    weights: Tensor

    def __init__(
        self, y: Tensor, base: Tensor, other: Tensor, probe: Tensor, shift: float, level: float, count: int
    ) -> None:
        super().__init__(steps=1)
        self.y, self.base, self.other, self.probe = y, base, other, probe
        self.shift, self.level, self.count = shift, level, count
        rows, columns = (-(-n // CELL) for n in y.shape[2:])
        self.register_buffer("weights", torch.full((count, rows, columns), HALF).to(y))

    def solve(self) -> Mapping[str, Any]:
        difference = bands(self.other - self.base, self.count)
        change = [band[:1] for band in difference]
        divergence = [self.probe * (band[1:] - band[:1]) / self.shift for band in difference]
        weights, overall = stein_weights(self.y, self.base[:1], change, divergence, self.level)
        self.weights.copy_(weights)
        return {f"weight_{number}": value for number, value in enumerate(overall)}

    def estimate(self) -> Tensor:
        x = self.base[:1].clone()
        wide = [n * CELL for n in self.weights.shape[1:]]
        smooth = F.interpolate(self.weights[None], size=wide, mode="bilinear", align_corners=False)[0]
        size = self.y.shape[2:]
        for weight, band in zip(smooth, bands(self.other[:1] - self.base[:1], self.count), strict=True):
            x += weight[: size[0], : size[1]] * band
        return x
