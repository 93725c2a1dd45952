"""The blur behind a picture, found from the picture alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from oneself.core import Method, Result
from oneself.images import ChannelAxis, DataRange, unpack
from oneself.problems import find_kernel, shrinking

__all__ = ["estimated", "kernel"]


def kernel(
    image: Any,
    scale: float | Sequence[float] = 2,
    method: str | Method = "auto",
    *,
    seed: int = 0,
    seconds: float | None = None,
    device: str | None = None,
    channel_axis: ChannelAxis = "infer",
    data_range: DataRange = None,
    full: bool = False,
    **options: Any,
) -> Any:
    """The kernel that a small picture was blurred with before every ``scale``-th sample was kept.

    Parameters
    ----------
    image : ndarray or Tensor
        One picture (2D), as of ``denoise``.
    scale : float
        2, 3 or 4.
    method : str or Method
        A key of ``methods()`` that does "kernel"; ``"auto"`` is ``kernel_spectra``.
    full : bool
        Return a ``Result`` whose ``image`` is the kernel.

    Returns
    -------
    ndarray or Tensor, or Result
        ``(side, side)``, float32, odd-sized, not negative, of sum 1: what ``super_resolve(image, scale, kernel)``
        takes. A picture does not tell where its kernel lies: the centre of mass is put ``(scale - 1) / 2`` before the
        middle, so that the enlarged picture covers the same field of view.

    Raises
    ------
    TypeError, ValueError
        As ``denoise``; several pictures, not a picture, another scale, too small to have a smaller self.
    """
    y, _ = unpack(image, caller="kernel", channel_axis=channel_axis, data_range=data_range)
    if len(y) > 1:
        raise ValueError(f"kernel(image): {len(y)} pictures, each with a blur of its own. Give one at a time.")
    factor = shrinking(scale, y.ndim - 2)
    result = find_kernel(y, factor, method, seed=seed, seconds=seconds, device=device, **options)
    found = result.image[0, 0].cpu()
    answer = found.to(image.device) if isinstance(image, Tensor) else found.numpy()
    return replace(result, image=answer) if full else answer


def estimated(
    y: Tensor, scale: float | Sequence[float], *, seed: int = 0, device: str | torch.device | None = None
) -> tuple[Tensor, str]:
    """The kernel of ``y``, ``(1, C, H, W)``, as ``super_resolution`` takes it, and a note that says so.

    Raises
    ------
    ValueError
        As ``kernel``.
    """
    if len(y) > 1:
        raise ValueError(
            f'super_resolve(kernel="estimate"): {len(y)} pictures, each with a blur of its own. Give one at a time.'
        )
    result: Result[Tensor] = find_kernel(y, shrinking(scale, y.ndim - 2), "auto", seed=seed, device=device)
    return result.image[0, 0].cpu(), f"the kernel was estimated from the picture by {result.method}"
