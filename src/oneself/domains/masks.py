"""Masks and hints that come with an image: which elements are meant."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself.domains.image import ChannelAxis, channel_axis_of

__all__ = ["blanked", "channels_first", "read_hints", "read_mask"]


def read_mask(mask: Any, caller: str = "inpaint") -> Tensor:
    """The mask as a boolean tensor, its axes as they are."""
    found = mask.detach().cpu().numpy() if isinstance(mask, Tensor) else np.asarray(mask)
    if found.dtype.kind not in "buif":
        raise TypeError(
            f"{caller}(mask={type(mask).__name__} of {found.dtype}): not a mask. Give an array of booleans."
        )
    if not np.isfinite(found).all():
        raise ValueError(
            f"{caller}(mask): NaN or infinite values. Give True where the image is marked, False elsewhere."
        )
    return torch.from_numpy(np.ascontiguousarray(found > 0))


def blanked(image: Any, missing: Tensor, channel_axis: ChannelAxis) -> Any:
    """The image with a known value wherever one is missing; as it is where image and mask do not go together."""
    if isinstance(image, Tensor):
        fits = tuple(missing.shape) in [tuple(image.shape[first:]) for first in (0, 1, 2)]
        if not fits or bool(missing.all()):
            return image
        spread = missing.to(image.device).expand(image.shape)
        known = image[~spread]
        finite = known[torch.isfinite(known)] if image.is_floating_point() else known
        return torch.where(spread, finite[0], image) if len(finite) else image
    if not isinstance(image, np.ndarray) or isinstance(image, np.ma.MaskedArray):
        return image
    image = np.asarray(image)  # of a matrix a part is a matrix again
    axis = channel_axis_of(image, channel_axis, "inpaint")
    places = missing.numpy()
    if places.shape != image.shape and axis is not None:
        places = np.expand_dims(places, axis)
    if places.ndim != image.ndim or any(n not in (1, m) for n, m in zip(places.shape, image.shape, strict=True)):
        return image
    places = np.broadcast_to(places, image.shape)
    known = image[~places]
    finite = known[np.isfinite(known)] if image.dtype.kind in "fc" else known
    return np.where(places, finite[0], image).astype(image.dtype) if len(finite) else image


def channels_first(missing: Tensor, image: Any, y: Tensor, channel_axis: ChannelAxis) -> Tensor:
    """The mask of the spatial shape, or of channels and spatial shape."""
    if missing.shape == y.shape and isinstance(image, Tensor):
        if not torch.equal(missing, missing[:1].expand(y.shape)):
            raise ValueError(
                "inpaint(mask): another mask for each of a batch. Give one mask for all, or one image at a time."
            )
        return missing[0]
    if isinstance(image, np.ndarray) and tuple(missing.shape) == image.shape:
        axis = channel_axis_of(image, channel_axis, "inpaint")
        return missing if axis is None else missing.movedim(axis, 0)
    return missing


def read_hints(hints: Any) -> Tensor:
    found = hints.detach().cpu().numpy() if isinstance(hints, Tensor) else np.asarray(hints)
    if found.dtype.kind not in "bui":
        raise TypeError(
            f"separate(hints={type(hints).__name__} of {found.dtype}): not hints. Give whole numbers 0 to 2."
        )
    return torch.from_numpy(np.ascontiguousarray(found.astype(np.int64)))
