"""Applying a network to an image larger than memory likes, tile by tile, without seams."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor

from oneself.imaging.cropping import cut

__all__ = ["apply_in_tiles", "mean_of_views"]


class View(Protocol):
    """An image seen turned, and turned back."""

    def __call__(self, x: Tensor) -> Tensor: ...

    def back(self, x: Tensor) -> Tensor: ...


def apply_in_tiles(network: Callable[[Tensor], Tensor], x: Tensor, *, reach: int, tile: int) -> Tensor:
    """``network(x)`` computed on tiles of at most ``tile`` elements a side, each with a border of ``reach``.

    With ``reach`` at least the radius of the network's receptive field every element sees exactly what it would
    see in the whole image, so there are no seams to blend.

    Parameters
    ----------
    network : callable
        Keeps the size; its receptive field has a radius of ``reach``.
    x : Tensor
        ``(B, C, *spatial)``.
    """
    if max(x.shape[2:]) <= tile:
        return network(x)
    made = torch.empty_like(x)
    for inner in _tiles(x.shape[2:], tile):
        outer = [
            slice(max(0, s.start - reach), min(n, s.stop + reach)) for s, n in zip(inner, x.shape[2:], strict=True)
        ]
        part = network(cut(x, outer))
        within = [slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True)]
        cut(made, inner).copy_(cut(part, within))
    return made


def mean_of_views(
    network: Callable[[Tensor], Tensor], x: Tensor, views: Sequence[View], *, reach: int, tile: int
) -> Tensor:
    """The mean of what a network makes of every view of ``x``, turned back; tile by tile, as ``apply_in_tiles``."""
    mean = torch.zeros_like(x)
    for view in views:
        mean += view.back(apply_in_tiles(network, view(x), reach=reach, tile=tile)) / len(views)
    return mean


def _tiles(size: tuple[int, ...], tile: int) -> Iterator[tuple[slice, ...]]:
    sides = [[slice(a, min(a + tile, n)) for a in range(0, n, tile)] for n in size]
    yield from itertools.product(*sides)
