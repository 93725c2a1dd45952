"""Operators whose measurements are a list of numbers, such as those of compressed sensing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

__all__ = ["Listed", "listed"]


def listed(y: Tensor, physics: Any, caller: str) -> tuple[Tensor, Any]:
    """A measurement and its operator as methods take them: as they are, or, of a list ``(B, M)`` that an image leads
    to, ``(B, 1, 1, M)`` and ``Listed``. ``caller`` begins what is refused.

    Raises
    ------
    ValueError
        A measurement without axes, or a list that no image ``(B, C, *spatial)`` leads to.
    """
    told = f"{caller}(y.shape={tuple(y.shape)}): no measurement. Give (B, channels, *spatial)"
    if y.ndim < 2 or y.shape[0] == 0:
        raise ValueError(f"{told}, or a list (B, M) by an operator that takes images.")
    if y.ndim > 2:
        return y, physics
    try:
        back = physics.A_adjoint(y)
    except (AttributeError, RuntimeError, ValueError, IndexError) as error:
        why = " ".join(str(error).split())[:150]
        raise ValueError(f"{told}; of {y.shape[1]} numbers the operator's A_adjoint makes no image ({why}).") from error
    if back.ndim < 3:
        raise ValueError(f"{told}; a list (B, M) needs an operator whose A_adjoint leads back to an image.")
    return y[:, None, None], Listed(physics)


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
