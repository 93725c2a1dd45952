"""From a picture of any axes to the pieces that are restored one by one, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .orientation import shown, stored
from .picture import SPATIAL, Picture, Pixels


@dataclass(frozen=True)
class Item:
    """One image, volume or signal of a picture: `pixels` is (C, *spatial), a view; `axes` names the spatial axes.

    `index` is its place along the picture's independent axes, in the order of `picture.axes`: () where there are none.
    The pixels are turned as the file asks them to be shown, so that a mask drawn on what is seen fits them.
    """

    index: tuple[int, ...]
    pixels: Pixels
    axes: str


def split(picture: Picture) -> list[Item]:
    """The items of a picture: Z, Y, X are spatial, C channels (one where there is none), all else counts items."""
    counting, spatial = _groups(picture.axes)
    ordered = _reorder(picture.pixels, picture.axes, counting + "C" + spatial)
    if len(spatial) > 1:
        ordered = shown(ordered, picture.orientation)
    shape = ordered.shape[: len(counting)]
    return [Item(index, ordered[index], spatial) for index in np.ndindex(*shape)]


def join(picture: Picture, restored: Iterable[Pixels]) -> Picture:
    """The picture whose items are `restored`, in the order `split` gave: the inverse, for another spatial size too.

    The dtype is that of the arrays; `from_unit` brings it back first.

    Raises ValueError if their number, channels or dimensions differ from what `split` gave.
    """
    counting, spatial = _groups(picture.axes)
    turned = picture.orientation if len(spatial) > 1 else 1
    arrays = [stored(array, turned) for array in restored] if turned != 1 else list(restored)
    sizes = picture.sizes
    outer = tuple(sizes[a] for a in counting)
    count, channels = int(np.prod(outer, dtype=int)), sizes.get("C", 1)
    shapes = {array.shape for array in arrays}
    fits = all(len(shape) == 1 + len(spatial) and shape[0] == channels for shape in shapes)
    if len(arrays) != count or len(shapes) != 1 or not fits:
        raise ValueError(
            f"join(restored={len(arrays)} arrays of shapes {sorted(shapes)}): the picture has {count} items of "
            f"{channels} "
            f"channels and the axes {spatial}. Give one array (C, {', '.join(spatial)}) for each, all of one shape."
        )
    stacked = np.stack(arrays).reshape(*outer, *arrays[0].shape)
    if "C" not in picture.axes:
        stacked = stacked[(slice(None),) * len(outer) + (0,)]
    order = [(counting + "C" + spatial if "C" in picture.axes else counting + spatial).index(a) for a in picture.axes]
    return picture.replace(np.ascontiguousarray(stacked.transpose(order)))


def _groups(axes: str) -> tuple[str, str]:
    return "".join(a for a in axes if a not in SPATIAL + "C"), "".join(a for a in SPATIAL if a in axes)


def _reorder(pixels: Pixels, axes: str, wanted: str) -> Pixels:
    if "C" not in axes:
        pixels, axes = pixels[..., np.newaxis], axes + "C"
    return pixels.transpose([axes.index(a) for a in wanted])
