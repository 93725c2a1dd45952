"""The files that belong to a task besides the picture: a kernel, a mask, and options that are images."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself import data
from oneself.commands.request import Settings
from oneself.data import Picture

__all__ = ["Aids", "digest", "missing_of", "read_aids"]


@dataclass(frozen=True)
class Aids:
    """A blur and a mask, where the task has them, and the pictures that are options of the method; and the SHA-256 of
    their files."""

    kernel: Tensor | None = None
    mask: Picture | None = None
    images: Mapping[str, Picture] = field(default_factory=dict)
    hashes: tuple[tuple[str, str], ...] = ()


def digest(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_aids(settings: Settings) -> Aids:
    """What the settings name. Raises OSError for files that cannot be read, ValueError for what is no blur or mask."""
    kernel = None if settings.kernel is None else _kernel(settings.kernel)
    mask = None if settings.mask is None else _mask(settings.mask, settings.axes)
    images = {name: _image(name, path, settings.axes) for name, path in settings.images.items()}
    return Aids(kernel, mask, images, tuple((name, digest(path)) for name, path in settings.aids.items()))


def _kernel(path: Path) -> Tensor:
    """The blur in a file; that of a picture, which holds whole numbers, is divided by its sum."""
    from oneself.physics.downsample import check_kernel

    picture = _read(path, {1: "X", 2: "YX", 3: "ZYX"})
    if "C" in picture.axes and picture.format != "npy":
        raise ValueError(f"read(kernel={str(path)!r}): a colour picture. Give a gray one, or an NPY file.")
    values = np.asarray(picture.pixels, dtype=np.float64)
    if picture.pixels.dtype.kind in "bui" and values.sum() > 0:
        values = values / values.sum()
    return check_kernel(torch.from_numpy(values.astype(np.float32)), values.ndim)


def _mask(path: Path, axes: str | None) -> Picture:
    picture = _read(path, {} if axes is None else {len(axes): axes})
    if picture.alpha is not None and np.ptp(picture.alpha):
        raise ValueError(
            f"read(mask={str(path)!r}): transparent in part. Save it without transparency, black and white."
        )
    if picture.format == "jpeg" and not np.isin(picture.pixels, (0, 255)).all():
        raise ValueError(f"read(mask={str(path)!r}): JPEG has blurred what is black. Save it as PNG, black and white.")
    if picture.pixels.dtype.kind == "f" and not np.isfinite(picture.pixels).all():
        raise ValueError(f"read(mask={str(path)!r}): NaN or infinite values. Give 0 where the picture is known.")
    return picture


def _image(name: str, path: Path, axes: str | None) -> Picture:
    picture = _read(path, {} if axes is None else {len(axes): axes})
    data.check_pixels(picture.pixels, f"read({name}={str(path)!r})")
    return picture


def _read(path: Path, axes_by_dimension: dict[int, str]) -> Picture:
    """A file whose axes follow from its number of dimensions, where it does not say them."""
    if not path.is_file() or path.read_bytes()[:6] != b"\x93NUMPY":
        return data.read(path)
    try:
        ndim = np.load(path, mmap_mode="r", allow_pickle=False).ndim
    except (ValueError, EOFError):  # data.read explains it
        ndim = 0
    return data.read(path, axes=axes_by_dimension.get(ndim))


def missing_of(mask: Picture, picture: Picture, task: str) -> list[Tensor]:
    """Where each item of a picture is missing, ``(*spatial)``: where any channel of the mask is not 0.

    One mask serves all items. Raises ValueError for another number of masks or another shape.
    """
    masks = [torch.from_numpy((np.asarray(item.pixels) != 0).any(axis=0)) for item in data.split(mask)]
    items: list[Any] = data.split(picture)
    if len(masks) not in (1, len(items)):
        raise ValueError(
            f"{task}(mask): {len(masks)} masks for {len(items)} pictures. Give one for all, or one for each."
        )
    return masks * len(items) if len(masks) == 1 else masks
