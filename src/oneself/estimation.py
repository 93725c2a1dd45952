"""The blur behind a picture, found from the picture alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself.core import Method, Result
from oneself.images import ChannelAxis, DataRange, unpack
from oneself.physics import CorrectionFilter
from oneself.problems import find_kernel, shrinking, super_resolution

__all__ = ["as_kernel", "blur", "correct", "kernel"]


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
    answer: Any = found.to(image.device) if isinstance(image, Tensor) else found.numpy()
    return replace(result, image=answer) if full else answer


def correct(
    image: Any,
    scale: float,
    kernel: Any = "estimate",
    *,
    ridge: float = 1e-3,
    seed: int = 0,
    device: str | None = None,
    channel_axis: ChannelAxis = "infer",
    data_range: DataRange = None,
) -> Any:
    """The small picture as cubic shrinking would have made it, for any super-resolver that was made for that.

    ``your_super_resolver(oneself.correct(image, 2, kernel))``. See ``physics.CorrectionFilter``.

    Parameters
    ----------
    image : ndarray or Tensor
        A picture (2D) that was blurred with ``kernel``, and of which every ``scale``-th sample was kept.
    scale : float
        Whole; 2, 3 or 4 where the kernel is estimated.
    kernel : ndarray, Tensor or "estimate"
        As of ``super_resolve``.
    ridge : float
        The larger, the less noise is amplified; of noisy pictures more.

    Returns
    -------
    ndarray or Tensor
        Of the image's kind, shape, dtype and range.

    Raises
    ------
    TypeError, ValueError
        As ``super_resolve``; not a picture.
    """
    y, pack = unpack(image, caller="correct", channel_axis=channel_axis, data_range=data_range)
    if y.ndim != 4:
        raise ValueError(f"correct(image): {y.ndim - 2}D. Pictures (2D) can be corrected.")
    if kernel is None:
        raise TypeError('correct(kernel=None): nothing to correct. Give the kernel, or "estimate".')
    found, _ = blur(kernel, y, scale, seed=seed, device=device)
    super_resolution(y, scale, found)  # says what is wrong with them
    assert found is not None
    return pack(CorrectionFilter(int(scale), found, ridge)(y))


def blur(
    kernel: Any, y: Tensor, scale: float | Sequence[float], *, seed: int = 0, device: str | torch.device | None = None
) -> tuple[Tensor | None, tuple[str, ...]]:
    """The kernel behind ``y``, ``(B, C, *spatial)``, as it was given; where it is ``"estimate"`` as it was found, with
    a note that says so.

    Raises
    ------
    TypeError, ValueError
        Not an array of numbers; as ``kernel`` where it must be found.
    """
    if not isinstance(kernel, str) or kernel != "estimate":
        return (None if kernel is None else as_kernel(kernel)), ()
    if len(y) > 1:
        raise ValueError(f'kernel="estimate": {len(y)} pictures, each with a blur of its own. Give one at a time.')
    result: Result[Tensor] = find_kernel(y, shrinking(scale, y.ndim - 2), "auto", seed=seed, device=device)
    notes = (f"the kernel was estimated from the picture by {result.method}", *result.notes)
    return result.image[0, 0].cpu(), notes


def as_kernel(kernel: Any) -> Tensor:
    """An array of numbers as a float tensor. Raises TypeError for anything else."""
    found = kernel.detach().cpu().numpy() if isinstance(kernel, Tensor) else np.asarray(kernel)
    if found.dtype.kind not in "buif":
        raise TypeError(f"kernel ({type(kernel).__name__} of {found.dtype}): not a blur. Give an array of numbers.")
    return torch.from_numpy(np.array(found, dtype=np.float32))
