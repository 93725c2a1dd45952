"""Where every element is: as waves of several lengths, or plainly."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from oneself.inputs.code import Fixed

__all__ = ["Coordinates", "Positions"]


class Positions(Fixed):
    """Fourier features: ``sin`` and ``cos`` of ``2π f_k p`` for the position ``p`` in [0, 1] along every axis.

    Parameters
    ----------
    y, jitter, where
        As of ``Fixed``.
    size : sequence of int
        Spatial size of the image.
    frequencies : int
        How many, from 1 to ``highest``, evenly on a logarithmic scale.
    highest : float
        In periods across the image.

    Notes
    -----
    Shabtay, Schwartz, Giryes. PIP: positional-encoding image prior. 2022.
    """

    def __init__(
        self,
        y: Tensor,
        size: Sequence[int],
        frequencies: int,
        highest: float = 128.0,
        jitter: float = 0.0,
        where: Tensor | None = None,
    ) -> None:
        super().__init__(y, features(size, frequencies, highest).to(y), jitter, where)


class Coordinates(Fixed):
    """The position ``p`` in [0, 1] along every axis, one channel each: the deep image prior's "meshgrid".

    Parameters
    ----------
    y, jitter, where
        As of ``Fixed``.
    size : sequence of int
        Spatial size of the image.

    Notes
    -----
    Ulyanov, Vedaldi, Lempitsky. Deep image prior. CVPR 2018: for large holes.
    """

    def __init__(self, y: Tensor, size: Sequence[int], jitter: float = 0.0, where: Tensor | None = None) -> None:
        ramps = torch.meshgrid([torch.linspace(0, 1, n) for n in size], indexing="ij")
        super().__init__(y, torch.stack(ramps)[None].to(y), jitter, where)


def features(size: Sequence[int], frequencies: int, highest: float) -> Tensor:
    """``(1, 2 · axes · frequencies, *size)``."""
    waves = torch.logspace(0, 1, frequencies, base=highest)
    made = []
    for axis, n in enumerate(size):
        phase = 2 * torch.pi * torch.linspace(0, 1, n)[None] * waves[:, None]
        both = torch.cat([phase.sin(), phase.cos()])
        shape = [2 * frequencies, *(n if i == axis else 1 for i in range(len(size)))]
        made.append(both.reshape(shape).expand(-1, *size))
    return torch.cat(made)[None]
