"""All methods by key: the library's, and those of other packages. The only module that imports them.

A package says in its pyproject.toml which methods it has, each under its own name::

    [project.entry-points."oneself.methods"]
    my_method = "my_package.my_method:my_method"

It is imported when its method is asked for, or all are listed. One that cannot be used is told by name, and disturbs no
other.
"""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import torch
from torch import Tensor, nn

import oneself.recipes as recipes
from oneself import core
from oneself.core import Method, Result, closest
from oneself.domains import IMAGE

__all__ = ["Reconstructor", "Run", "find", "methods"]


GROUP = "oneself.methods"


@cache
def methods() -> tuple[Method, ...]:
    """The record of every method: ``key``, ``title``, ``tasks``, ``dims``, ``options`` with their help, ``cite``.

    Warns of methods of other packages that cannot be used.
    """
    found = list(_own().values())
    for name in _points():
        try:
            found.append(_of_other_package(name))
        except ValueError as error:
            warnings.warn(str(error), stacklevel=2)
    return tuple(sorted(found, key=lambda record: record.key))


@cache
def _own() -> Mapping[str, Method]:
    """The library's methods by key."""
    rooms = [room.name for room in pkgutil.iter_modules(recipes.__path__, f"{recipes.__name__}.") if room.ispkg]
    found = []
    for room in map(importlib.import_module, rooms):
        for module in pkgutil.iter_modules(room.__path__):
            record = getattr(importlib.import_module(f"{room.__name__}.{module.name}"), module.name, None)
            if isinstance(record, Method):  # what several methods of a room share has no method of its name
                found.append(record)
    return {record.key: record for record in found}


@cache
def _points() -> Mapping[str, list[EntryPoint]]:
    """What other packages have by each name; nothing of them is imported."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, []).append(point)
    return found


@cache
def _of_other_package(name: str) -> Method:
    """Raises ValueError for a method that cannot be used: which one, of which package, and why."""
    point, *others = _points()[name]
    packages = " and ".join(sorted({p.dist.name if p.dist else p.value for p in (point, *others)}))
    told = f"method={name!r}, of the package {packages}"
    if name in _own():
        raise ValueError(f"{told}: the library has a method of this name. Rename it there, or uninstall the package.")
    if others:
        raise ValueError(f"{told}: more than one method of this name. Uninstall all packages but one.")
    try:
        record = point.load()
    except (Exception, SystemExit) as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise ValueError(f"{told}: it cannot be imported ({why}). Update or uninstall the package.") from error
    if not isinstance(record, Method):
        raise ValueError(f"{told}: {point.value} is of type {type(record).__name__}. Its entry point must name one.")
    if record.key != name:
        raise ValueError(f"{told}: {point.value} is the method {record.key!r}. Its entry point must have that name.")
    return record


def find(method: str | Method) -> Method:
    """The method of a key, or the method itself.

    Raises
    ------
    ValueError
        No method has that key; the closest is offered. Or it is of another package, and cannot be used.
    """
    if isinstance(method, Method):
        return method
    if method in _own():
        return _own()[method]
    if method in _points():
        return _of_other_package(method)
    raise ValueError(f"method={method!r}: there is no such method. {closest(str(method), [*_own(), *_points()])}")


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
