"""Clips: frames along T, in and out, as a multi-page TIFF, an NPY file, a GIF or a folder of pictures."""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from . import npy, saving
from .files import check_output, read, write
from .paths import find_images
from .picture import Metadata, Picture, Timing

FASTEST = 50.0  # frames a second that a GIF can tell: it counts in hundredths of a second
CLIP_ENDINGS = (".tif", ".tiff", ".npy", ".gif")


def read_clip(path: str | Path, *, axes: str | None = None) -> Picture:
    """A clip, with the axes TYX or TYXC: a TIFF or NPY file, a GIF, or a folder of pictures in the order of their
    numbers.

    The axis beside Y, X and C that a TIFF or NPY file has is time, whatever it is called; `axes` is needed where the
    file does not say which that is.

    Raises what `read` raises, and ValueError for fewer than two frames, frames of differing size or kind, transparent
    frames, and more axes.
    """
    path = Path(path)
    told = f"read({str(path)!r})"
    found = _folder(path) if path.is_dir() else read(path, axes=axes)
    if axes is not None and axes != found.axes:
        raise ValueError(f"{told[:-1]}, axes={axes!r}): its axes are {found.axes}. Leave axes out.")
    beside = [letter for letter in found.axes if letter not in "YXC"]
    if len(beside) > 1:
        raise ValueError(f"{told}: an array with the axes {found.axes}. A clip has T, Y, X and channels C: say --axes.")
    if not beside or found.sizes[beside[0]] < 2:
        raise ValueError(f"{told}: one frame. A clip of at least 2 is needed; a picture has no motion.")
    if found.alpha is not None:
        raise ValueError(f"{told}: its frames have an alpha channel. Flatten them on a background.")
    order = beside[0] + "".join(letter for letter in "YXC" if letter in found.axes)
    pixels = np.ascontiguousarray(found.pixels.transpose([found.axes.index(letter) for letter in order]))
    return Picture(pixels, "T" + order[1:], found.format, Metadata(icc=found.metadata.icc), source=path)


def check_clip_output(clip: Picture, path: str | Path, *, overwrite: bool = False) -> None:
    """Refuse, before any work, what `write_clip` would refuse: what `check_output` does, and a folder that has
    pictures in it."""
    path = Path(path)
    if is_folder(path):
        if path.is_file():
            raise NotADirectoryError(
                f"write(path={str(path)!r}): a file. Name a folder, or end a clip in .gif or .tif."
            )
        if path.is_dir() and find_images(path) and not overwrite:
            raise FileExistsError(
                f"write(path={str(path)!r}): the folder has pictures in it. Choose another, or pass overwrite=True / "
                "--overwrite."
            )
        saving.check_target((path if path.is_dir() else path.parent) / "frame", overwrite=True)
        _check_frame(clip)
    elif path.suffix.lower() == ".gif":
        if clip.pixels.dtype != np.uint8 or clip.sizes.get("C", 3) != 3:
            raise ValueError(f"write(path={str(path)!r}): GIF holds 8 bit, gray or colour. Use .tif.")
        saving.check_target(path, overwrite)
    elif path.suffix.lower() in CLIP_ENDINGS:
        check_output(clip, path, overwrite=overwrite)
    else:
        raise ValueError(
            f"write(path={str(path)!r}): {path.suffix} holds no clip. Use one of {' '.join(CLIP_ENDINGS)}, or a folder."
        )


def write_clip(clip: Picture, path: str | Path, *, overwrite: bool = False, rate: float = 10.0) -> Path:
    """Write a clip of the axes TYX or TYXC: a TIFF, NPY or GIF file, or a folder of PNG files where the path ends in a
    slash, is one, or has no ending. A GIF has 256 colours and shows `rate` frames a second. Returns the path.

    Raises what `check_clip_output` raises; `SavedAside` or `NotSaved` as `write`.
    """
    check_clip_output(clip, path, overwrite=overwrite)
    path = Path(path)
    array: saving.Encode = functools.partial(npy.write, clip)
    if is_folder(path):
        try:
            _write_frames(clip, path, overwrite)
        except FileExistsError:
            raise
        except Exception as error:  # of one frame; no others would be written
            if isinstance(error, saving.SavedAside):
                error.path.unlink(missing_ok=True)
            saving.save_aside(path, error, [(".npy", array)])
        return path
    if path.suffix.lower() == ".gif":
        clip = replace(clip, metadata=Metadata(timing=Timing((1000 / min(rate, FASTEST),) * len(clip.pixels), loop=0)))
    return write(clip, path, overwrite=overwrite)


def _write_frames(clip: Picture, folder: Path, overwrite: bool) -> None:
    """The frames as PNG; with `overwrite`, those of a longer clip go when the new ones are there."""
    folder.mkdir(exist_ok=True)
    digits, made = max(3, len(str(len(clip.pixels)))), set()
    for number, pixels in enumerate(clip.pixels, 1):
        frame = Picture(pixels, clip.axes[1:], "png", Metadata(icc=clip.metadata.icc))
        made.add(write(frame, folder / f"frame-{number:0{digits}}.png", overwrite=overwrite))
    for old in find_images(folder) if overwrite else ():
        if old not in made and re.fullmatch(r"frame-\d+\.png", old.name):
            old.unlink()


def is_folder(path: Path) -> bool:
    """Whether a clip of that name is a folder of pictures."""
    return path.is_dir() or not path.suffix


def _check_frame(clip: Picture) -> None:
    dtype = clip.pixels.dtype
    if dtype not in (np.uint8, np.uint16, np.bool_) or clip.sizes.get("C", 3) != 3:
        raise ValueError(f"write(frames): PNG cannot hold {dtype} pixels of {clip.axes}. Write a .tif or .npy.")


def _folder(path: Path) -> Picture:
    """The pictures of a folder, 2.png before 10.png."""
    files = sorted(find_images(path), key=_natural)
    frames = [_opaque(read(file), file) for file in files]
    if not frames:
        raise ValueError(f"read({str(path)!r}): no pictures in this folder. Name one with the frames of a clip.")
    first = frames[0]
    for file, frame in zip(files, frames, strict=True):
        if (frame.pixels.shape, frame.axes, frame.pixels.dtype) != (first.pixels.shape, first.axes, first.pixels.dtype):
            raise ValueError(
                f"read({str(path)!r}): frames of differing size or kind: {files[0].name} is {_said(first)}, "
                f"{file.name} {_said(frame)}. Give frames that are all alike."
            )
    stacked = np.stack([frame.pixels for frame in frames])
    return replace(first, pixels=stacked, axes="T" + first.axes, metadata=Metadata(icc=first.metadata.icc))


def _opaque(frame: Picture, file: Path) -> Picture:
    if frame.axes not in ("YX", "YXC"):
        raise ValueError(f"read({str(file)!r}): an array with the axes {frame.axes}. A frame is one picture.")
    if frame.alpha is not None and not (frame.alpha == frame.alpha.max()).all():
        raise ValueError(f"read({str(file)!r}): it has an alpha channel. Flatten the frames on a background.")
    return replace(frame, alpha=None)


def _natural(path: Path) -> list[tuple[int, str]]:
    """Numbers in names are ordered by what they count."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def _said(frame: Picture) -> str:
    return "x".join(map(str, frame.pixels.shape)) + f" {frame.pixels.dtype}"
