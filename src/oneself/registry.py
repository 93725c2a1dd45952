"""All methods by key. The only module that imports them."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

import oneself.recipes as recipes
from oneself import core
from oneself.core import Method, Result, closest
from oneself.domains import IMAGE

__all__ = ["Reconstructor", "Run", "find", "methods"]


@cache
def methods() -> tuple[Method, ...]:
    """The record of every method: ``key``, ``title``, ``tasks``, ``dims``, ``options`` with their help, ``cite``."""
    rooms = [room.name for room in pkgutil.iter_modules(recipes.__path__, f"{recipes.__name__}.") if room.ispkg]
    found = []
    for room in map(importlib.import_module, rooms):
        for module in pkgutil.iter_modules(room.__path__):
            record = getattr(importlib.import_module(f"{room.__name__}.{module.name}"), module.name, None)
            if isinstance(record, Method):  # what several methods of a room share has no method of its name
                found.append(record)
    return tuple(sorted(found, key=lambda record: record.key))


def find(method: str | Method) -> Method:
    """The method of a key, or the method itself.

    Raises
    ------
    ValueError
        No method has that key; the closest is offered.
    """
    if isinstance(method, Method):
        return method
    known = {record.key: record for record in methods()}
    if method not in known:
        raise ValueError(f"method={method!r}: there is no such method. {closest(str(method), known)}")
    return known[method]


class Run(core.Run):
    """``core.Run``, with a method's key in place of the method: ``Run("dip", y, physics, seed=0, steps=500)``."""

    def __init__(self, method: str | Method, y: Any, physics: Any = None, **settings: Any) -> None:
        super().__init__(find(method), y, physics, **settings)


class Reconstructor(nn.Module):
    """``Reconstructor("dip")(y, physics)``: every input of a batch restored alone, called as deepinv's reconstructors.

    Parameters
    ----------
    method : str or Method
    **settings
        As of ``Run``: seed, seconds (for each input), device, the method's options.
    """

    def __init__(self, method: str | Method, **settings: Any) -> None:
        super().__init__()
        self.method, self.settings = find(method), settings
        if self.method.domain is not IMAGE:
            raise TypeError(
                f"Reconstructor(method={self.method.key!r}): it restores batches of images, and this method works on a "
                f"{self.method.domain.name}. Use Run, one at a time."
            )

    def results(self, y: Tensor, physics: Any = None) -> list[Result[Tensor]]:
        """The result of each input of a batch ``(B, C, *spatial)``; each with the same seed as it would have alone.

        Raises
        ------
        ValueError
            The batch is empty.
        """
        if y.ndim < 3 or y.shape[0] == 0:
            raise ValueError(f"Reconstructor(y.shape={tuple(y.shape)}): no inputs. Give (B, channels, *spatial).")
        return [Run(self.method, one[None], physics, **self.settings).finish() for one in y]

    def forward(self, y: Tensor, physics: Any = None) -> Tensor:
        return torch.cat([result.image for result in self.results(y, physics)])
