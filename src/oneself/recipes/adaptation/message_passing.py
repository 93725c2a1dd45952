"""Approximate message passing with any denoiser, for measurements by a matrix that looks random."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oneself.core import Stage

__all__ = ["Coarse", "MessagePassing", "column_scale"]

PROBES = 8  # random images that the columns' norm is measured with
NEAR = 1.1  # times the least level: what still is it, but for chance
AWAY = 5.0  # times the least level: what runs away, and is left where it is
SHIFT, LEAST_SHIFT = 1e-3, 1e-5  # of the largest element: by how much a probe moves the input

RAN_AWAY = (
    "message passing ran away, and was left where it was nearest: the operator does not look like a random matrix, or "
    "tells too little for this denoiser"
)


class Coarse(nn.Module):
    """A denoiser told the level, also where there is more noise than it was trained for: then it works on a picture
    whose pixels are means of ``2**k`` squared, with ``2**k`` times less noise, brought back by linear interpolation.

    Parameters
    ----------
    denoise : Module
        ``denoise(x, level)``, ``(1, C, H, W)``.
    most : float
        The largest level it is told.
    """

    def __init__(self, denoise: nn.Module, most: float) -> None:
        super().__init__()
        self.denoise, self.most = denoise, most

    def forward(self, x: Tensor, level: float) -> Tensor:
        side = 1
        while level > self.most * side and 2 * side <= min(x.shape[2:]):
            side *= 2
        if side == 1:
            made: Tensor = self.denoise(x, min(level, self.most))
            return made
        small = F.avg_pool2d(x, side, ceil_mode=True, count_include_pad=False)
        small = self.denoise(small, min(level / side, self.most))
        return F.interpolate(small, scale_factor=side, mode="bilinear")[..., : x.shape[-2], : x.shape[-1]]


def column_scale(physics: Any, like: Tensor) -> float:
    """By what ``A`` is multiplied for its columns to be of length 1 on average: ``√(N / E‖A g‖²)``, ``g`` Gaussian."""
    power = sum(float(physics.A(torch.randn_like(like)).abs().square().sum()) for _ in range(PROBES)) / PROBES
    if not (power > 0 and math.isfinite(power)):
        raise ValueError(f"column_scale(physics): A gives values of power {power:g}. Give an operator that measures.")
    return math.sqrt(like.numel() / power)


class MessagePassing(Stage):
    """``r = x + Aᵀz``, ``σ = ‖z‖/√M``, ``x <- D(r; σ)``, ``z <- y - A x + z div D(r)/M``, once a step, ``A`` scaled to
    columns of length 1: to the denoiser ``r`` looks like the image in white noise of level ``σ``.

    Where ``σ`` has risen far above the least, nothing is moved any more. Answers with the mean of those ``x`` whose
    ``r`` had nearly the least ``σ``: they differ by what is left of noise.

    Parameters
    ----------
    y : Tensor
        The measurement.
    denoise : Module
        ``denoise(x, level)``.
    like : Tensor
        An image of the size that is looked for, ``(1, C, H, W)``.
    scale : float
        ``column_scale``.
    owner : str
        The method that asks, for its notes.
    begin : MessagePassing or None
        A stage to go on from, which is answered with if its mean ``σ`` is lower.
    **stage
        As of ``Stage``.

    Metzler, Maleki, Baraniuk. From denoising to compressed sensing. IEEE Transactions on Information Theory 2016.
    """

    x: Tensor
    z: Tensor
    seen: Tensor
    least: Tensor
    mean: Tensor
    level: Tensor
    count: Tensor
    away: Tensor

    def __init__(
        self,
        y: Tensor,
        physics: Any,
        denoise: nn.Module,
        like: Tensor,
        scale: float,
        owner: str,
        *,
        begin: MessagePassing | None = None,
        **stage: Any,
    ) -> None:
        super().__init__(**stage)
        self.y, self.physics, self.denoise, self.scale, self.owner = scale * y, physics, denoise, scale, owner
        self.answer_cost = 0.0
        self.before = (None, math.inf) if begin is None else (begin.estimate(), float(begin.level))
        self.register_buffer("x", torch.zeros_like(like) if begin is None else begin.x.clone())
        self.register_buffer("z", self.y.clone() if begin is None else begin.z.clone())
        for name in ("seen", "mean"):
            self.register_buffer(name, self.x.clone())
        for name in ("least", "level"):
            self.register_buffer(name, torch.full((), math.inf).to(like))
        self.register_buffer("count", torch.zeros((), dtype=torch.long, device=like.device))
        self.register_buffer("away", torch.zeros((), dtype=torch.bool, device=like.device))

    def solve(self) -> Mapping[str, Tensor]:
        level = self.z.square().mean().sqrt()
        if not level < AWAY * self.least:
            self.away.fill_(True)
            return {"level": level}
        r = self.x + self.scale * self.physics.A_adjoint(self.z)
        self.x.copy_(self.denoise(r, float(level)))
        self._keep(r, level)
        probe = torch.randn_like(r).sign()  # of a multiple of the identity the divergence is exact
        shift = max(SHIFT * float(r.abs().max()), LEAST_SHIFT)
        divergence = (probe * (self.denoise(r + shift * probe, float(level)) - self.x)).sum() / shift
        self.z.copy_(self.y - self.scale * self.physics.A(self.x) + self.z * (divergence / self.z.numel()))
        self.last_output = self.x.clone()
        return {"level": level}

    def _keep(self, r: Tensor, level: Tensor) -> None:
        """Take an image into the mean, or begin it anew where the level has fallen."""
        if level > NEAR * self.least:
            return
        if NEAR * level < self.least:
            self.count.zero_()
        if level < self.least:
            self.least.copy_(level)
            self.seen.copy_(r)
        self.count.add_(1)
        for mean, value in ((self.mean, self.x), (self.level, level)):
            mean.copy_(value if self.count == 1 else torch.lerp(mean, value, 1 / self.count))

    @property
    def better(self) -> bool:
        """Whether it has come nearer than what it began with."""
        return bool(self.level < self.before[1])

    @property
    def notes(self) -> tuple[str, ...]:
        """Those of the stage, and whether it ran away."""
        return (*self._notes, f"{self.owner}: {RAN_AWAY}") if "away" in self._buffers and self.away else self._notes

    @notes.setter
    def notes(self, notes: tuple[str, ...]) -> None:
        self._notes = notes

    def estimate(self) -> Tensor:
        earlier, _ = self.before
        return self.mean.clone() if earlier is None or self.better else earlier.clone()
