"""Generators of what hardly changes over a picture."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from oneself.networks.layers import resize_to
from oneself.networks.skip import Skip

__all__ = ["Constant", "Field"]


class Field(nn.Module):
    """A ``Skip`` on a coarse grid, enlarged linearly: smooth by its making. Its input is of the size ``coarse``.

    Parameters
    ----------
    size : sequence of int
        Spatial size of what it makes.
    side : int
        Most elements of the grid along an axis.
    **network
        As of ``Skip``: dims, given, made, widths, skip.
    """

    def __init__(self, size: Sequence[int], side: int, **network: int | Sequence[int]) -> None:
        super().__init__()
        self.size = tuple(size)
        self.coarse = tuple(min(n, side) for n in self.size)
        self.network = Skip(size=self.coarse, **network)  # type: ignore[arg-type]

    def forward(self, z: Tensor) -> Tensor:
        return resize_to(self.network(z), self.size)


class Constant(nn.Module):
    """One value in (``low``, ``1 − low``) for all of a picture, at first ½, in each of ``made`` channels.

    The input counts for nothing.
    """

    def __init__(self, size: Sequence[int], made: int = 1, low: float = 0.05) -> None:
        super().__init__()
        self.size, self.low = tuple(size), low
        self.value = nn.Parameter(torch.zeros(1, made, *[1] * len(self.size)))

    def forward(self, z: Tensor) -> Tensor:
        share = self.low + (1 - 2 * self.low) * torch.sigmoid(self.value)
        return share.expand(-1, -1, *self.size)
