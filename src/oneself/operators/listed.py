"""Operators whose measurements are a list of numbers, such as those of compressed sensing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

__all__ = ["Listed"]


class Listed(nn.Module):
    """An operator whose measurements ``(B, M)`` come as ``(B, 1, 1, M)``, as methods take them.

    Parameters
    ----------
    physics : object
        ``A``, ``A_adjoint`` and ``A_dagger`` as far as it has them.
    """

    def __init__(self, physics: Any) -> None:
        super().__init__()
        self.physics = physics

    def A(self, x: Tensor) -> Tensor:
        y: Tensor = self.physics.A(x)
        return y[:, None, None]

    @property
    def A_adjoint(self) -> Callable[[Tensor], Tensor]:
        return self._of_list(self.physics.A_adjoint)

    @property
    def A_dagger(self) -> Callable[[Tensor], Tensor]:
        return self._of_list(self.physics.A_dagger)

    @staticmethod
    def _of_list(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda y: function(y[:, 0, 0])
