"""From the array or tensor a user hands over to ``(B, C, *spatial)`` in [0, 1], and back to the same kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from oneself.data.ranges import check_pixels, from_unit, to_unit

__all__ = ["ChannelAxis", "DataRange", "Layout", "channel_axis_of", "limits", "unpack"]

ChannelAxis = int | Literal["infer"] | None
DataRange = float | tuple[float, float] | None

LEAST = 8  # elements of one channel under which there is nothing to learn from


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
        Tensors have theirs along axis 1.
    data_range : float or (float, float), optional
        The largest value (with 0 the smallest), or both; integers are scaled by their type without it.

    Raises
    ------
    TypeError, ValueError
        Neither array nor tensor, complex, masked, empty, constant, NaN, too small, more than three spatial axes, an
        unknowable range, a wrong ``channel_axis``.
    """
    if isinstance(image, str | Path):
        raise TypeError(
            f"{caller}({str(image)!r}): a path. Read it first (imageio.v3.imread), or use `oneself` in a shell."
        )
    if isinstance(image, Tensor):
        return _unpack_tensor(image, caller, channel_axis, data_range)
    if isinstance(image, np.ma.MaskedArray):
        raise TypeError(f"{caller}(image=MaskedArray): its mask would be lost. Use inpaint(image.data, image.mask).")
    if not isinstance(image, np.ndarray):
        raise TypeError(f"{caller}(image={type(image).__name__}): not an image. Give a numpy array or a torch tensor.")
    image = np.asarray(image)  # of a subclass, such as np.matrix, the values alone
    axis = channel_axis_of(image, channel_axis, caller)
    _check_size([n for i, n in enumerate(image.shape) if i != axis], caller)
    check_pixels(image, f"{caller}(image)")
    unit, span = to_unit(image, data_range)
    channels_first = unit[np.newaxis] if axis is None else np.moveaxis(unit, axis, 0)
    y = torch.from_numpy(np.ascontiguousarray(channels_first))[None]

    def pack(x: Tensor) -> Any:
        array = x[0].cpu().numpy()
        return from_unit(array[0] if axis is None else np.moveaxis(array, 0, axis), span)

    return y, pack


@dataclass(frozen=True)
class Layout:
    """How a caller says its pictures are laid out, for those that come beside the first."""

    caller: str
    channel_axis: ChannelAxis
    data_range: DataRange

    def unpack(self, picture: Any, name: str, dims: int) -> Tensor:
        """A second picture of the scene as float32 ``(B, C, *spatial)`` in [0, 1].

        An array has ``dims`` spatial axes and may have channels, however many: along the ``channel_axis`` of the first
        picture where that was said, else along its last axis. It is scaled by the ``data_range`` of the first picture
        where that was said, else as its own type is.

        Raises
        ------
        TypeError, ValueError
            Neither array nor tensor; other dimensions; pixels or a range that ``unpack`` refuses.
        """
        told = f"{self.caller}({name}"
        if isinstance(picture, Tensor):
            pixels, axes = _array(picture), picture.ndim - 2
        elif isinstance(picture, np.ndarray) and not isinstance(picture, np.ma.MaskedArray):
            picture = pixels = np.asarray(picture)
            axes = dims if picture.ndim == dims else picture.ndim - 1
        else:
            raise TypeError(
                f"{told}={type(picture).__name__}): not an image. Give an array or tensor, as the image is."
            )
        if axes != dims:
            raise ValueError(f"{told}.shape={tuple(picture.shape)}): the image has {dims} spatial axes. Give as many.")
        check_pixels(pixels, f"{told})")
        unit, _ = to_unit(pixels, self.data_range)
        if isinstance(picture, Tensor):
            return torch.from_numpy(unit)
        if picture.ndim == dims:
            return torch.from_numpy(unit)[None, None]
        said = self.channel_axis if isinstance(self.channel_axis, int | np.integer) else -1
        axis = channel_axis_of(picture, int(said), self.caller)
        assert axis is not None
        return torch.from_numpy(np.ascontiguousarray(np.moveaxis(unit, axis, 0)))[None]


def _unpack_tensor(
    image: Tensor, caller: str, channel_axis: ChannelAxis, data_range: DataRange
) -> tuple[Tensor, Callable[[Tensor], Any]]:
    if image.ndim < 3:
        raise ValueError(
            f"{caller}(image.shape={tuple(image.shape)}): tensors are (B, channels, *spatial). Add the axes."
        )
    if channel_axis not in ("infer", 1):
        raise ValueError(
            f"{caller}(channel_axis={channel_axis!r}): the channels of tensors are along axis 1. Move them there."
        )
    _check_size(image.shape[2:], caller)
    pixels = _array(image)
    check_pixels(pixels, f"{caller}(image)")
    for number, one in enumerate(pixels if len(pixels) > 1 else ()):
        check_pixels(one, f"{caller}(image[{number}])")
    unit, span = to_unit(pixels, data_range)

    def pack(x: Tensor) -> Tensor:
        return torch.from_numpy(from_unit(x.cpu().numpy(), span)).to(image.device, image.dtype)

    return torch.from_numpy(unit), pack


def _array(image: Tensor) -> np.ndarray[Any, Any]:
    """The tensor's values; numpy has no bfloat16."""
    return (image.float() if image.dtype == torch.bfloat16 else image).detach().cpu().numpy()


def _check_size(spatial: Any, caller: str) -> None:
    size = tuple(spatial)
    if len(size) not in (1, 2, 3):
        raise ValueError(
            f"{caller}(image): {len(size)} spatial axes, {size}. Give 1 to 3, and say by channel_axis= which axis "
            "holds the channels."
        )
    if 0 < math.prod(size) < LEAST or 0 < max(size) < 3:
        raise ValueError(
            f"{caller}(image): {size} is too small to learn from. Give at least {LEAST} pixels, 3 along some axis."
        )


def channel_axis_of(image: np.ndarray[Any, Any], axis: ChannelAxis, caller: str) -> int | None:
    """Which axis of an array holds its channels, counted from the front; ``None`` where none does."""
    if axis == "infer":
        return 2 if image.ndim == 3 and image.shape[2] in (3, 4) else None
    if axis is not None and (not isinstance(axis, int | np.integer) or not -image.ndim <= axis < image.ndim):
        raise ValueError(
            f"{caller}(channel_axis={axis!r}): the image has {image.ndim} axes. "
            f"Give {-image.ndim} to {image.ndim - 1}, or None for an image without channels."
        )
    return axis if axis is None else axis % image.ndim


def limits(image: Any, data_range: DataRange) -> tuple[float, float]:
    """The values of the image that are 0 and 1 to a method."""
    span = to_unit(_array(image) if isinstance(image, Tensor) else image, data_range)[1]
    return span.low, span.high
