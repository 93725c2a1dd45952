"""From the array or tensor a user hands over to ``(B, C, *spatial)`` in [0, 1], and back to the same kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from oneself.data.ranges import check_pixels, from_unit, to_unit

__all__ = ["ChannelAxis", "DataRange", "limits", "unpack"]

ChannelAxis = int | Literal["infer"] | None
DataRange = float | tuple[float, float] | None


def unpack(
    image: Any, *, caller: str, channel_axis: ChannelAxis = "infer", data_range: DataRange = None
) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """The image as float32 ``(B, C, *spatial)`` in [0, 1], and the function that leads a result back.

    Parameters
    ----------
    image : ndarray or Tensor
        Arrays are one image, with its channels along ``channel_axis``; tensors are ``(B, C, *spatial)``.
    channel_axis : int, None or "infer"
        ``None`` for no channels; ``"infer"`` takes the last of three axes as channels where it has 3 or 4 elements.
    data_range : float or (float, float), optional
        The largest value (with 0 the smallest), or both; integers are scaled by their type without it.

    Raises
    ------
    TypeError, ValueError
        Neither array nor tensor, complex, empty, constant, NaN, an unknowable range, a wrong ``channel_axis``.
    """
    if isinstance(image, str | Path):
        raise TypeError(
            f"{caller}({str(image)!r}): a path. Read it first (imageio.v3.imread), or use `oneself` in a shell."
        )
    if isinstance(image, Tensor):
        return _unpack_tensor(image, caller, data_range)
    if not isinstance(image, np.ndarray):
        raise TypeError(f"{caller}(image={type(image).__name__}): not an image. Give a numpy array or a torch tensor.")
    check_pixels(image, f"{caller}(image)")
    axis = _channel_axis(image, channel_axis, caller)
    unit, span = to_unit(image, data_range)
    channels_first = unit[np.newaxis] if axis is None else np.moveaxis(unit, axis, 0)
    y = torch.from_numpy(np.ascontiguousarray(channels_first))[None]

    def pack(x: Tensor) -> Any:
        array = x[0].cpu().numpy()
        return from_unit(array[0] if axis is None else np.moveaxis(array, 0, axis), span)

    return y, pack


def _unpack_tensor(image: Tensor, caller: str, data_range: DataRange) -> tuple[Tensor, Callable[[Tensor], Any]]:
    if image.ndim < 3:
        raise ValueError(
            f"{caller}(image.shape={tuple(image.shape)}): tensors are (B, channels, *spatial). Add the axes."
        )
    pixels = image.detach().cpu().numpy()
    check_pixels(pixels, f"{caller}(image)")
    unit, span = to_unit(pixels, data_range)

    def pack(x: Tensor) -> Tensor:
        return torch.from_numpy(from_unit(x.cpu().numpy(), span)).to(image.device)

    return torch.from_numpy(unit), pack


def _channel_axis(image: np.ndarray[Any, Any], axis: ChannelAxis, caller: str) -> int | None:
    if axis == "infer":
        return 2 if image.ndim == 3 and image.shape[2] in (3, 4) else None
    if axis is not None and not -image.ndim <= axis < image.ndim:
        raise ValueError(
            f"{caller}(channel_axis={axis}): the image has {image.ndim} axes. "
            f"Give {-image.ndim} to {image.ndim - 1}, or None for an image without channels."
        )
    return axis if axis is None else axis % image.ndim


def limits(image: Any, data_range: DataRange) -> tuple[float, float]:
    """The values of the image that are 0 and 1 to a method."""
    span = to_unit(image.detach().cpu().numpy() if isinstance(image, Tensor) else image, data_range)[1]
    return span.low, span.high
