"""Images: values on a grid of one to three spatial axes, ``(1, C, *spatial)``, in [0, 1] where nothing else is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself.domains.domain import Asking, Domain
from oneself.operators.kept import kept_elements

__all__ = ["IMAGE", "Image", "check_shapes", "check_task"]


class Image(Domain[Tensor]):
    """A signal, a picture or a volume, ``(1, C, *spatial)``, real floating point.

    The task ``restore`` stands for any linear operator, ``dehaze`` to ``segment`` take a picture apart, the answer of
    ``kernel`` is not an image but the blur of one, ``(1, 1, *kernel)``, and ``generate`` learns to make pictures like
    the one given: its answer is the reconstruction of that one.
    """

    name = "image"
    kind = Tensor
    tasks = (
        "denoise",
        "inpaint",
        "super-resolve",
        "deblur",
        "restore",
        "dehaze",
        "transparency",
        "watermark",
        "segment",
        "kernel",
        "generate",
    )
    dims = (1, 2, 3)
    needs_beside = ("A_adjoint",)
    beside = "an image of the result's size"

    def check(self, method: Asking, y: Tensor) -> None:
        if not isinstance(y, Tensor):
            raise TypeError(f"{method.key}(y={type(y).__name__}): not a tensor. Give (1, channels, *spatial), floats.")
        name = f"{method.key}(y.shape={tuple(y.shape)})"
        if not y.is_floating_point():
            raise TypeError(f"{name}: dtype {y.dtype} is not real floating point. Convert it, scaled to [0, 1].")
        if y.ndim - 2 not in method.dims:
            allowed = " or ".join(f"{dims}D" for dims in method.dims)
            raise ValueError(f"{name}: {method.title} works on {allowed} inputs, shaped (1, channels, *spatial).")
        if y.shape[0] != 1:
            raise ValueError(f"{name}: a run takes one input. Use Reconstructor, which restores each of a batch alone.")
        if y.numel() == 0 or not bool(torch.isfinite(y).all()):
            raise ValueError(f"{name}: empty, or NaN or infinite values. Remove or inpaint those first.")

    def check_values(self, told: str, value: Tensor) -> None:
        told = f"{told}.shape={tuple(value.shape)}, dtype={value.dtype})"
        if not value.is_floating_point():
            raise TypeError(f"{told}: not real floating point. Give {self.beside}, or none, scaled to [0, 1].")
        if value.ndim < 3 or value.shape[0] != 1 or value.numel() == 0:
            raise ValueError(f"{told}: no image. Give {self.beside}, or none, as (1, channels, *spatial).")
        if not bool(torch.isfinite(value).all()):
            raise ValueError(f"{told}: NaN or infinite values. Give {self.beside}, or none, finite.")

    def check_operator(self, method: Asking, y: Tensor, physics: Any, beside: Mapping[str, Tensor]) -> None:
        if "A_adjoint" in method.needs:
            check_shapes(method.key, y, physics)
        check_task(method.key, method.tasks, y, physics)
        for name, image in beside.items():
            with torch.no_grad():
                size = tuple(physics.A_adjoint(y).shape[2:])
            if tuple(image.shape[2:]) != size:
                raise ValueError(
                    f"{method.key}({name}.shape={tuple(image.shape)}): the restored image is {size}. Give an image of "
                    "that size, (1, channels, *spatial)."
                )

    def own(self, y: Tensor, device: torch.device) -> Tensor:
        return y.detach().to(device, torch.float32, copy=True).contiguous()

    def shape(self, y: Tensor) -> tuple[int, ...]:
        return tuple(y.shape[1:])

    def answer(self, x: Tensor, y: Tensor) -> Tensor:
        return x.to(y.dtype)

    def arrays(self, y: Tensor) -> dict[str, np.ndarray[Any, Any]]:
        return {"image": y.detach().cpu().numpy()}

    def of_arrays(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Tensor:
        return torch.from_numpy(arrays["image"])

    def distance(self, one: Tensor, other: Tensor) -> Tensor:
        """The root of the mean squared difference."""
        return (one - other).square().mean().sqrt()


IMAGE = Image()


def check_shapes(method: str, y: Tensor, physics: Any) -> None:
    """Refuse, before the first step, an operator that does not fit the measurement.

    Raises
    ------
    ValueError
        ``A(A_adjoint(y))`` has another shape than ``y``, or is not finite.
    """
    name = type(physics).__name__
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
