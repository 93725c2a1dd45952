"""The files that belong to a task besides the picture: a kernel, a mask, hints, another mixture, and images and other
files that are options of the method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself import io
from oneself.core import OptionRecord
from oneself.core.identity import file_digest as digest
from oneself.domains.gaps import check_pixels
from oneself.domains.ranges import same_units
from oneself.io import Picture
from oneself.jobs.request import Settings
from oneself.operators.mixture import MIXTURES
from oneself.registry import find

__all__ = ["NAMES", "Aids", "digest", "of_task", "read_aids", "read_kernel", "read_mask", "spread"]

Pixels = np.ndarray[Any, np.dtype[Any]]

NAMES = ("kernel", "mask", "hints", "second")  # what belongs to tasks; the others are options of the method
PAIRED = ("second",)  # one for each picture: a mixture of its own layers, a shot of its own scene
MARKS = ("mask", "hints")
HINTS = {0: 0, 1: 1, 2: 2, 255: 1, 127: 2, 128: 2}  # what a picture's values stand for


@dataclass(frozen=True)
class Aids:
    """A blur, where there is one, and the other files besides the picture, by name, those that the method reads itself
    unread; and the SHA-256 of them all."""

    kernel: Tensor | None = None
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    hashes: tuple[tuple[str, str], ...] = ()


def of_task(name: str, task: str) -> bool:
    """Whether a file belongs to the task; it is an option of the method otherwise, as another shot of a scene is."""
    return name in NAMES and (name != "second" or task in MIXTURES)


def read_aids(settings: Settings) -> Aids:
    """What the settings name. Raises OSError for files that cannot be read, ValueError for what is no blur or mask."""
    kernel, pictures, files = None, {}, {}
    for name, path in settings.aids.items():
        if name == "kernel":
            kernel = read_kernel(path)
        elif _is_file(name, settings.method):
            files[name] = path
        else:
            pictures[name] = (read_mask if name in MARKS else _image)(name, path, settings.axes)
    hashes = tuple((name, digest(path)) for name, path in settings.aids.items())
    return Aids(kernel, pictures, files, hashes)


def read_kernel(path: Path) -> Tensor:
    """The blur in a file; that of a picture, such as a measured point spread, is divided by its sum."""
    from oneself.operators.downsample import check_kernel

    picture = _read(path, {1: "X", 2: "YX", 3: "ZYX"})
    if picture.format == "jpeg":
        raise ValueError(f"read(kernel={str(path)!r}): JPEG has changed the kernel. Save it as NPY, TIFF or PNG.")
    if "C" in picture.axes and picture.format != "npy":
        raise ValueError(f"read(kernel={str(path)!r}): a colour picture. Give a gray one, or an NPY file.")
    values = np.asarray(picture.pixels, dtype=np.float64)
    pictured = picture.format != "npy" or picture.pixels.dtype.kind in "bui"
    if pictured and values.sum() > 0 and np.isfinite(values).all():
        values = values / values.sum()
    return check_kernel(torch.from_numpy(values.astype(np.float32)), values.ndim)


def read_mask(name: str, path: Path, axes: str | None) -> Picture:
    """A picture whose elements are 0 or not. Raises OSError for a file that cannot be read, ValueError for no mask."""
    picture = _read(path, {} if axes is None else {len(axes): axes})
    if picture.alpha is not None and np.ptp(picture.alpha):
        raise ValueError(
            f"read({name}={str(path)!r}): transparent in part. Save it without transparency, black and white."
        )
    if picture.format == "jpeg" and not np.isin(picture.pixels, (0, 255)).all():
        raise ValueError(
            f"read({name}={str(path)!r}): JPEG has blurred what is black. Save it as PNG, black and white."
        )
    if picture.pixels.dtype.kind == "f" and not np.isfinite(picture.pixels).all():
        raise ValueError(f"read({name}={str(path)!r}): NaN or infinite values. Give 0 where the picture is known.")
    return picture


def _image(name: str, path: Path, axes: str | None) -> Picture:
    picture = _read(path, {} if axes is None else {len(axes): axes})
    check_pixels(picture.pixels, f"read({name}={str(path)!r})")
    return picture


def _read(path: Path, axes_by_dimension: dict[int, str]) -> Picture:
    """A file whose axes follow from its number of dimensions, where it does not say them."""
    if not path.is_file() or path.read_bytes()[:6] != b"\x93NUMPY":
        picture = io.read(path)
        axes = axes_by_dimension.get(picture.pixels.ndim)
        return io.read(path, axes=axes) if "Q" in picture.axes and axes else picture  # Q: a TIFF that does not say
    try:
        ndim = np.load(path, mmap_mode="r", allow_pickle=False).ndim
    except (ValueError, EOFError):  # io.read explains it
        ndim = 0
    return io.read(path, axes=axes_by_dimension.get(ndim))


def is_apart(name: str, method: str) -> bool:
    """Whether a picture beside the first has units of its own, as an option of the method says."""
    return any(record.name == name and record.option.apart for record in _options(method))


def _is_file(name: str, method: str) -> bool:
    """Whether it is for the method to read, as weights are."""
    return any(record.name == name and record.is_file for record in _options(method))


def _options(method: str) -> tuple[OptionRecord, ...]:
    return () if method == "auto" else find(method).options


def spread(name: str, aid: Picture, picture: Picture, settings: Settings) -> list[Any]:
    """What a file says of each item of a picture: a mask or hints ``(*spatial)`` as a tensor, an image's pixels
    ``(C, *spatial)``, in the units of the picture unless it has its own.

    One file serves all items, but another mixture or another shot is of one picture.

    Raises
    ------
    ValueError
        Another number of pictures than one, or one for each; hints of other values than of ``HINTS``, or in colour;
        another type than the picture's, so that nobody knows whether its units are the same.
    """
    kinds = picture.pixels.dtype, aid.pixels.dtype
    same = same_units(*kinds) or settings.data_range is not None
    if name not in MARKS and not same and not is_apart(name, settings.method):
        raise ValueError(
            f"{settings.task}({name}): of {kinds[1]}, the picture is {kinds[0]}, in other units. Give both of one "
            "type, or --data-range."
        )
    ours, theirs = len(io.split(picture)), io.split(aid)
    if name in PAIRED and len(theirs) != ours:
        raise ValueError(f"{settings.task}({name}): {len(theirs)} pictures for {ours}. Give as many.")
    if len(theirs) not in (1, ours):
        raise ValueError(
            f"{settings.task}({name}): {len(theirs)} pictures for {ours}. Give one for all, or one for each."
        )
    found = [_read_as(name, np.asarray(item.pixels), settings) for item in theirs]
    return found * ours if len(found) == 1 else found


def _read_as(name: str, pixels: Pixels, settings: Settings) -> Tensor | Pixels:
    if name == "mask":
        return torch.from_numpy((pixels != 0).any(axis=0))
    if name == "hints":
        return _hints(pixels, settings.task)
    return pixels


def _hints(pixels: Pixels, task: str) -> Tensor:
    if (pixels != pixels[:1]).any() or not np.isin(pixels, list(HINTS)).all():
        raise ValueError(
            f"{task}(hints): other values than hints. Give 0 (unknown), 1 or 255 (foreground), 2 or 128 "
            "(background), in gray, saved without loss."
        )
    values = np.zeros(pixels.shape[1:], np.int64)
    for value, meant in HINTS.items():
        values[pixels[0] == value] = meant
    return torch.from_numpy(values)
