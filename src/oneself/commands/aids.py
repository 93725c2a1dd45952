"""The files that belong to a task besides the picture: a kernel, a mask, hints, another mixture."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oneself import data
from oneself.commands.request import Settings
from oneself.data import Picture

__all__ = ["NAMES", "Aids", "aid_paths", "digest", "hints_of", "marked_in", "read_aids", "second_of"]

NAMES = ("kernel", "mask", "hints", "second")
HINTS = {0: 0, 1: 1, 2: 2, 255: 1, 127: 2, 128: 2}  # what a picture's values stand for


@dataclass(frozen=True)
class Aids:
    """A blur, a mask, hints and another mixture, where the task has them; and the SHA-256 of their files."""

    kernel: Tensor | None = None
    mask: Picture | None = None
    hints: Picture | None = None
    second: Picture | None = None
    hashes: tuple[tuple[str, str], ...] = ()


def digest(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def aid_paths(settings: Settings) -> dict[str, Path | None]:
    """Where the files are, by name."""
    return {name: getattr(settings, name) for name in NAMES}


def read_aids(settings: Settings) -> Aids:
    """What the settings name. Raises OSError for files that cannot be read, ValueError for what is no blur or mask."""
    paths = aid_paths(settings)
    kernel = None if settings.kernel is None else _kernel(settings.kernel)
    mask = None if settings.mask is None else _mask(settings.mask, settings.axes)
    hints = None if settings.hints is None else _mask(settings.hints, settings.axes, "hints")
    second = None if settings.second is None else data.read(settings.second, axes=settings.axes)
    if second is not None:
        data.check_pixels(second.pixels, f"{settings.task}(second={str(settings.second)!r})")
    return Aids(
        kernel, mask, hints, second, tuple((name, digest(path)) for name, path in paths.items() if path is not None)
    )


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


def _mask(path: Path, axes: str | None, name: str = "mask") -> Picture:
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


def _read(path: Path, axes_by_dimension: dict[int, str]) -> Picture:
    """A file whose axes follow from its number of dimensions, where it does not say them."""
    if not path.is_file() or path.read_bytes()[:6] != b"\x93NUMPY":
        return data.read(path)
    try:
        ndim = np.load(path, mmap_mode="r", allow_pickle=False).ndim
    except (ValueError, EOFError):  # data.read explains it
        ndim = 0
    return data.read(path, axes=axes_by_dimension.get(ndim))


def marked_in(mask: Picture, picture: Picture, task: str) -> list[Tensor]:
    """Where the mask marks each item of a picture, ``(*spatial)``: where any channel of the mask is not 0.

    One mask serves all items. Raises ValueError for another number of masks.
    """
    marks = [torch.from_numpy((np.asarray(item.pixels) != 0).any(axis=0)) for item in data.split(mask)]
    return _for_each(marks, picture, task, "mask")


def hints_of(hints: Picture, picture: Picture, task: str) -> list[Tensor]:
    """The hints on each item of a picture, ``(*spatial)``: 0, 1 and 2.

    Raises ValueError for other values than of ``HINTS``, for colours, and for another number of hints.
    """
    found = []
    for item in data.split(hints):
        pixels = np.asarray(item.pixels)
        if (pixels != pixels[:1]).any() or not np.isin(pixels, list(HINTS)).all():
            raise ValueError(
                f"{task}(hints): other values than hints. Give 0 (unknown), 1 or 255 (foreground), 2 or 128 "
                "(background), in gray, saved without loss."
            )
        values = np.zeros(pixels.shape[1:], np.int64)
        for value, meant in HINTS.items():
            values[pixels[0] == value] = meant
        found.append(torch.from_numpy(values))
    return _for_each(found, picture, task, "hints")


def second_of(second: Picture, picture: Picture, limits: tuple[float, ...] | None, task: str) -> list[Tensor]:
    """The other mixture of each item of a picture, ``(1, C, *spatial)``. Raises ValueError for another number."""
    found = [torch.from_numpy(data.to_unit(item.pixels, limits)[0].copy())[None] for item in data.split(second)]
    items: list[Any] = data.split(picture)
    if len(found) != len(items):
        raise ValueError(f"{task}(second): {len(found)} pictures for {len(items)}. Give as many.")
    return found


def _for_each(marks: list[Tensor], picture: Picture, task: str, name: str) -> list[Tensor]:
    items: list[Any] = data.split(picture)
    if len(marks) not in (1, len(items)):
        raise ValueError(f"{task}({name}): {len(marks)} for {len(items)} pictures. Give one for all, or one for each.")
    return marks * len(items) if len(marks) == 1 else marks
