"""Forward operators by deepinv's conventions that are not deepinv's: any object that has the functions will do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = ["Blur", "Mask", "Only", "Pool", "Scaled"]


class Mask:
    """Keeps the elements where ``known`` is 1 and gives 0 for the others."""

    def __init__(self, known: Tensor) -> None:
        self.known = known

    def A(self, x: Tensor) -> Tensor:
        return x * self.known

    A_adjoint = A_dagger = A


class Blur:
    """The mean of three neighbours along every axis; the scene wraps round, so that it is its own adjoint."""

    def A(self, x: Tensor) -> Tensor:
        for axis in range(2, x.ndim):
            x = (x + x.roll(1, axis) + x.roll(-1, axis)) / 3
        return x

    A_adjoint = A


class Pool:
    """The mean of every two neighbours along the last axis: half as many measurements as elements."""

    def A(self, x: Tensor) -> Tensor:
        return (x[..., 0::2] + x[..., 1::2]) / 2

    def A_adjoint(self, y: Tensor) -> Tensor:
        return y.repeat_interleave(2, dim=-1) / 2

    def A_dagger(self, y: Tensor) -> Tensor:
        return y.repeat_interleave(2, dim=-1)


class Only:
    """An operator stripped of everything but the named functions."""

    def __init__(self, physics: Any, names: Iterable[str]) -> None:
        for name in names:
            setattr(self, name, getattr(physics, name))


class Scaled:
    """``factor`` times an operator."""

    def __init__(self, physics: Any, factor: float) -> None:
        self.physics, self.factor = physics, factor

    def A(self, x: Tensor) -> Tensor:
        return self.factor * torch.as_tensor(self.physics.A(x))

    def A_adjoint(self, y: Tensor) -> Tensor:
        return self.factor * torch.as_tensor(self.physics.A_adjoint(y))

    def A_dagger(self, y: Tensor) -> Tensor:
        return torch.as_tensor(self.physics.A_dagger(y)) / self.factor
