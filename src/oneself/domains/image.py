"""From the array or tensor a user hands over to ``(B, C, *spatial)`` in [0, 1], and back to the same kind."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from oneself.domains.gaps import Gaps, check_pixels, close_gaps
from oneself.domains.ranges import Range, from_unit, same_units, to_unit

__all__ = ["ChannelAxis", "DataRange", "Given", "channel_axis_of", "unpack"]

ChannelAxis = int | Literal["infer"] | None
DataRange = float | tuple[float, float] | None
Array = np.ndarray[Any, np.dtype[Any]]

Scale = Callable[[Array, DataRange], tuple[Array, Range]]

LEAST = 8  # elements of one channel under which there is nothing to learn from


@dataclass(frozen=True)
class Given:
    """Images as a caller handed them over.

    Attributes
    ----------
    y : Tensor
        float32 ``(B, C, *spatial)``, each image in its own range, ``spans``, with its gaps closed.
    spans : tuple of Range
        The values of each image that are 0 and 1 in ``y``.
    gaps : tuple of Gaps or None
        Where each image holds NaN or infinite values.
    pixels : tuple of ndarray
        The images as they were, ``(C, *spatial)``, with their gaps closed.
    kept : Tensor, optional
        Where results are what the images are, to the last bit, ``(C, *spatial)``.
    """

    caller: str
    image: Any
    axis: int | None
    channel_axis: ChannelAxis
    data_range: DataRange
    y: Tensor
    spans: tuple[Range, ...]
    gaps: tuple[Gaps | None, ...]
    pixels: tuple[Array, ...] = ()
    kept: Tensor | None = None

    @property
    def span(self) -> Range:
        """The range of the first image."""
        return self.spans[0]

    def pack(self, x: Tensor, number: int | None = None) -> Any:
        """Results ``(B, C, *size)`` in [0, 1] as the caller has images; with a ``number`` that of one image."""
        one = [x[[k]] for k in range(len(x))] if number is None else [x]
        numbers = range(len(x)) if number is None else [number]
        made = [self._own(part[0].cpu().numpy(), k) for part, k in zip(one, numbers, strict=True)]
        if isinstance(self.image, Tensor):
            return torch.from_numpy(np.stack(made)).to(self.image.device, self.image.dtype)
        return made[0][0] if self.axis is None else np.moveaxis(made[0], 0, self.axis)

    def _own(self, x: Array, number: int) -> Array:
        """One result ``(C, *size)`` in the image's own values, with its gaps."""
        gaps, made = self.gaps[number], from_unit(x, self.spans[number])
        if self.kept is not None:
            made = np.where(self.kept.numpy(), self.pixels[number], made).astype(made.dtype)
        return made if gaps is None else gaps.put_back(made)

    def in_range(self, scaling: Scale) -> Tensor:
        """The images ``(B, C, *spatial)`` in another range."""
        return torch.from_numpy(np.stack([scaling(one, self.data_range)[0] for one in self.pixels]))

    def missing(self, number: int | None = None) -> Tensor | None:
        """Where images hold no number, ``(B, C, *spatial)`` or of one image ``(1, C, *spatial)``; None where all do."""
        numbers = range(len(self.y)) if number is None else [number]
        if all(self.gaps[k] is None for k in numbers):
            return None
        none = np.zeros(self.y.shape[1:], np.bool_)
        found = [none if (gaps := self.gaps[k]) is None else gaps.where for k in numbers]
        return torch.from_numpy(np.stack(found))

    def beside(self, picture: Any, name: str, *, own_range: bool = False, number: int = 0) -> Tensor:
        """A second picture of the scene as float32 ``(B, C, *spatial)``.

        An array has as many spatial axes as the image and may have channels, however many: along the ``channel_axis``
        of the image where that was said, else along its last axis. It is scaled as the image is, whose units it has;
        with ``own_range`` by its own range, as a picture of another camera is.

        Raises
        ------
        TypeError, ValueError
            Neither array nor tensor; other dimensions; another type than the image's, so that nobody knows whether its
            units are the same; pixels that ``check_pixels`` refuses.
        """
        told, dims = f"{self.caller}({name}", self.y.ndim - 2
        if isinstance(picture, Tensor):
            pixels, axes = _array(picture), picture.ndim - 2
        elif isinstance(picture, np.ndarray) and not isinstance(picture, np.ma.MaskedArray):
            pixels, axes = np.asarray(picture), dims if picture.ndim == dims else picture.ndim - 1
        else:
            raise TypeError(
                f"{told}={type(picture).__name__}): not an image. Give an array or tensor, as the image is."
            )
        if axes != dims:
            raise ValueError(f"{told}.shape={tuple(picture.shape)}): the image has {dims} spatial axes. Give as many.")
        check_pixels(pixels, f"{told})")
        span, dtype = self.spans[number], np.dtype(self.spans[number].dtype)
        if not own_range and self.data_range is None and not same_units(pixels.dtype, dtype):
            raise TypeError(f"{told} of {pixels.dtype}): the image is {dtype}. Give both in the same type and units.")
        unit, _ = to_unit(pixels, None if own_range else (span.low, span.high))
        if isinstance(picture, Tensor):
            return torch.from_numpy(unit)
        if picture.ndim == dims:
            return torch.from_numpy(unit)[None, None]
        said = self.channel_axis if isinstance(self.channel_axis, int | np.integer) else -1
        axis = channel_axis_of(pixels, int(said), self.caller)
        assert axis is not None
        return torch.from_numpy(np.ascontiguousarray(np.moveaxis(unit, axis, 0)))[None]


def unpack(
    image: Any,
    *,
    caller: str,
    channel_axis: ChannelAxis = "infer",
    data_range: DataRange = None,
    scaling: Scale = to_unit,
    spans: Sequence[Range] = (),
    gaps: bool = False,
) -> Given:
    """What a caller handed over, ready to work on.

    Parameters
    ----------
    image : ndarray or Tensor
        Arrays are one image, with its channels along ``channel_axis``; tensors are ``(B, C, *spatial)``.
    channel_axis : int, None or "infer"
        ``None`` for no channels; ``"infer"`` takes the last of three axes as channels where it has 3 or 4 elements.
        Tensors have theirs along axis 1.
    data_range : float or (float, float), optional
        The largest value (with 0 the smallest), or both; measured from each image otherwise.
    scaling : callable
        Finds the range and brings the values into it: ``to_unit``, or a ``Scaling``.
    spans : sequence of Range
        The range of each image where it is that of another one.
    gaps : bool
        Whether NaN and infinite values are worked around.

    Raises
    ------
    TypeError, ValueError
        Neither array nor tensor, complex, masked, empty, constant, NaN, too small, more than three spatial axes, a
        wrong ``data_range`` or ``channel_axis``.
    """
    if isinstance(image, str | Path):
        raise TypeError(
            f"{caller}({str(image)!r}): a path. Read it first (imageio.v3.imread), or use `oneself` in a shell."
        )
    if isinstance(image, np.ma.MaskedArray):
        raise TypeError(f"{caller}(image=MaskedArray): its mask would be lost. Use inpaint(image.data, image.mask).")
    if isinstance(image, Tensor):
        axis, images = None, _of_tensor(image, caller, channel_axis)
    elif isinstance(image, np.ndarray):
        image = np.asarray(image)  # a matrix has two axes whatever is done to it
        axis = channel_axis_of(image, channel_axis, caller)
        if channel_axis == "infer" and axis is None and image.ndim == 3 and _like_channels_first(image.shape):
            warnings.warn(
                f"{caller}(image.shape={image.shape}): taken for a volume of {image.shape[0]} slices. Say "
                "channel_axis=0 where the first axis holds channels, channel_axis=None where it is a volume.",
                stacklevel=3,
            )
        _check_size([n for i, n in enumerate(image.shape) if i != axis], caller)
        images = [image[np.newaxis] if axis is None else np.moveaxis(image, axis, 0)]
    else:
        raise TypeError(f"{caller}(image={type(image).__name__}): not an image. Give a numpy array or a torch tensor.")
    units, found, holes, whole = [], [], [], []
    for number, one in enumerate(images):
        check_pixels(one, f"{caller}(image[{number}])" if len(images) > 1 else f"{caller}(image)", gaps=gaps)
        closed, hole = close_gaps(one) if gaps else (one, None)
        known = spans[number][:2] if number < len(spans) else None
        unit, span = scaling(closed, data_range) if known is None else to_unit(closed, known)
        units.append(unit)
        found.append(span)
        whole.append(closed)
        holes.append(hole)
    y = torch.from_numpy(np.ascontiguousarray(np.stack(units)))
    return Given(caller, image, axis, channel_axis, data_range, y, tuple(found), tuple(holes), tuple(whole))


def _like_channels_first(shape: tuple[int, ...]) -> bool:
    return shape[0] in (3, 4) and min(shape[1:]) >= 2 * shape[0]


def _of_tensor(image: Tensor, caller: str, channel_axis: ChannelAxis) -> list[Array]:
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
    if not len(pixels):
        check_pixels(pixels, f"{caller}(image)")
    return list(pixels)


def _array(image: Tensor) -> Array:
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


def channel_axis_of(image: Array, axis: ChannelAxis, caller: str) -> int | None:
    """Which axis of an array holds its channels, counted from the front; ``None`` where none does."""
    if axis == "infer":
        return 2 if image.ndim == 3 and image.shape[2] in (3, 4) else None
    if axis is not None and (not isinstance(axis, int | np.integer) or not -image.ndim <= axis < image.ndim):
        raise ValueError(
            f"{caller}(channel_axis={axis!r}): the image has {image.ndim} axes. "
            f"Give {-image.ndim} to {image.ndim - 1}, or None for an image without channels."
        )
    return axis if axis is None else axis % image.ndim
