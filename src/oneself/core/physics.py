"""What a method asks of a forward operator, and the check that it is there."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor

__all__ = ["Identity", "Physics", "check_images", "check_physics", "check_task", "kept_elements", "physics_on"]

P = TypeVar("P")


@runtime_checkable
class Physics(Protocol):
    """A forward operator by deepinv's conventions: ``y = A(x) + noise``. Any object that has ``A`` will do.

    ``A`` maps images ``(1, C, *spatial)`` to measurements and adds no noise. A method says which of
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


def check_physics(method: str, needs: Iterable[str], y: Tensor, physics: Any) -> None:
    """Refuse, before the first step, an operator that lacks what a method needs or does not fit the measurement.

    Raises
    ------
    TypeError
        The operator has no ``A``, ``A_adjoint`` or ``A_dagger`` and the method needs it.
    ValueError
        ``A(A_adjoint(y))`` has another shape than ``y``, or is not finite.
    """
    name = type(physics).__name__
    for need in needs:
        if not callable(getattr(physics, need, None)):
            raise TypeError(
                f"{method}(physics={name}): this method needs the operator's {need}, and {name} has none. "
                f"Give an operator with {', '.join(needs)}, such as those of deepinv.physics."
            )
    if "A_adjoint" in needs:
        _check_shapes(method, name, y, physics)


def _check_shapes(method: str, name: str, y: Tensor, physics: Any) -> None:
    try:
        with torch.no_grad():
            again = physics.A(physics.A_adjoint(y))
    except RuntimeError as error:
        raise ValueError(
            f"{method}(y.shape={tuple(y.shape)}, physics={name}): the operator refuses this measurement ({error}). "
            "Give the operator that made the measurement."
        ) from error
    if again.shape != y.shape:
        raise ValueError(
            f"{method}(y.shape={tuple(y.shape)}, physics={name}): the operator makes measurements of shape "
            f"{tuple(again.shape)}. Give the operator that made the measurement."
        )
    if not bool(torch.isfinite(again).all()):
        raise ValueError(
            f"{method}(physics={name}): A(A_adjoint(y)) is not finite. Check the operator's filter or mask for NaN."
        )


def check_images(method: str, images: Mapping[str, Tensor], y: Tensor, physics: Any) -> None:
    """Refuse, before the first step, an image-valued option that is not on the grid of the restored image.

    Raises
    ------
    ValueError
        Its spatial size is not that of ``A_adjoint(y)``.
    """
    for name, image in images.items():
        with torch.no_grad():
            size = tuple(physics.A_adjoint(y).shape[2:])
        if tuple(image.shape[2:]) != size:
            raise ValueError(
                f"{method}({name}.shape={tuple(image.shape)}): the restored image is {size}. Give an image of that "
                "size, (1, channels, *spatial)."
            )


def kept_elements(physics: Any, y: Tensor) -> Tensor | None:
    """``A(1)``, 1 and 0, of an operator that keeps some elements as they are and drops the others (to 0).

    ``None`` where it does anything else: mixes, scales, shrinks.
    """
    try:
        with torch.no_grad():
            known: Tensor = physics.A(torch.ones_like(y))
            keeps = known.shape == y.shape and bool(((known == 0) | (known == 1)).all())
            return known if keeps and torch.equal(physics.A(y), known * y) else None
    except (RuntimeError, ValueError):  # an operator of another size
        return None


def check_task(method: str, tasks: Iterable[str], y: Tensor, physics: Any) -> None:
    """Refuse, before the first step, an operator that a method of denoising or inpainting alone would ignore.

    Methods of other tasks work with ``A`` itself; what only enlarges looks at the sizes by itself.

    Raises
    ------
    ValueError
        The operator does more than dropping elements, or drops some and the method only denoises.
    """
    does = tuple(tasks)
    if not set(does) <= {"denoise", "inpaint", "kernel", "generate"}:
        return
    known = kept_elements(physics, y)
    asked = "restore" if known is None else "denoise" if bool(known.all()) else "inpaint"
    if does == ("kernel",) and asked != "denoise":
        raise ValueError(
            f"{method}(physics={type(physics).__name__}): what it looks for is the operator. Give the picture alone."
        )
    if asked not in (*does, *(("denoise",) if {"inpaint", "kernel", "generate"} & set(does) else ())):
        what = "drops elements" if asked == "inpaint" else "does more than keeping or dropping elements"
        raise ValueError(
            f"{method}(physics={type(physics).__name__}): the operator {what}; this method can only "
            f"{' or '.join(does)}. Use a method that can {asked}, such as dip."
        )


def physics_on(physics: P, device: torch.device) -> P:
    """The operator on a device; the caller's own object is left as it is.

    Its tensors become such as gradients can be computed with, and that collect none themselves.
    """
    if isinstance(physics, torch.nn.Module):
        moved: P = copy.deepcopy(physics).to(device).requires_grad_(False)
        return moved
    odd = {k: v for k, v in _tensors(physics).items() if v.is_inference() or v.requires_grad}
    if odd:
        physics = copy.copy(physics)
        vars(physics).update({name: tensor.detach().clone() for name, tensor in odd.items()})
    return physics


def _tensors(physics: Any) -> dict[str, Tensor]:
    return {name: value for name, value in getattr(physics, "__dict__", {}).items() if isinstance(value, Tensor)}
