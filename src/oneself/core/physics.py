"""What a method asks of a forward operator, and the check that it is there."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor

__all__ = ["Identity", "Physics", "check_physics", "physics_on"]

P = TypeVar("P")
M = TypeVar("M", bound=torch.nn.Module)
K = TypeVar("K")


@runtime_checkable
class Physics(Protocol):
    """A forward operator by deepinv's conventions: ``y = A(x) + noise``. Any object that has ``A`` will do.

    ``A`` maps what is looked for to measurements and adds no noise. A method says which of
    ``A_adjoint`` and ``A_dagger`` it needs besides.
    """

    def A(self, x: Tensor) -> Tensor: ...


class Identity:
    """The operator of denoising, ``A(x) = x``."""

    @staticmethod
    def A(x: Tensor) -> Tensor:
        return x

    @staticmethod
    def A_adjoint(y: Tensor) -> Tensor:
        return y

    @staticmethod
    def A_dagger(y: Tensor) -> Tensor:
        return y


def check_physics(method: str, needs: Iterable[str], physics: Any) -> None:
    """Refuse, before the first step, an operator that lacks what a method needs.

    Raises
    ------
    TypeError
        The operator has no ``A``, ``A_adjoint`` or ``A_dagger`` and the method needs it.
    """
    name = type(physics).__name__
    for need in needs:
        if not callable(getattr(physics, need, None)):
            raise TypeError(
                f"{method}(physics={name}): this method needs the operator's {need}, and {name} has none. "
                f"Give an operator with {', '.join(needs)}, such as those of deepinv.physics."
            )


def physics_on(physics: P, device: torch.device) -> P:
    """The operator on a device; the caller's own object is left as it is.

    Its tensors become such as gradients can be computed with, and that collect none themselves. Of an operator that is
    no module they are the ones that it holds itself, and those of modules that it holds.
    """
    if isinstance(physics, torch.nn.Module):
        return _moved(physics, device)
    held = {name: tensor.to(device) for name, tensor in _tensors(physics).items()}
    held = {name: x.detach().clone() if x.is_inference() or x.requires_grad else x for name, x in held.items()}
    changed: dict[str, Any] = {name: held[name] for name, x in _tensors(physics).items() if held[name] is not x}
    changed |= {name: _moved(part, device) for name, part in _parts(physics, torch.nn.Module).items()}
    if changed:
        physics = copy.copy(physics)
        vars(physics).update(changed)
    return physics


def _moved(module: M, device: torch.device) -> M:
    moved: M = copy.deepcopy(module).to(device).requires_grad_(False)
    return moved


def _parts(physics: Any, kind: type[K]) -> dict[str, K]:
    return {name: value for name, value in getattr(physics, "__dict__", {}).items() if isinstance(value, kind)}


def _tensors(physics: Any) -> dict[str, Tensor]:
    return _parts(physics, Tensor)
