"""NumPy's own array files: pixels and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .picture import Picture, Pixels


def read(path: Path, axes: str | None) -> Picture:
    """An array: X, YX, or YXC where the last of three is 3 or 4; the rest needs `axes`. Never unpickles."""
    try:
        pixels = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        if "allow_pickle" in str(error):
            raise ValueError(
                f"read(path={str(path)!r}): the array holds Python objects, which may run code. "
                "Save it again as numbers."
            ) from None
        raise EOFError(str(error)) from error
    return Picture(pixels, axes or _guess_axes(pixels, path), "npy", source=path)


def write(picture: Picture, path: Path) -> None:
    """The array; an alpha goes along as the last channel, an axis C being made where there was none."""
    with path.open("wb") as file:
        np.save(file, with_alpha(picture)[0], allow_pickle=False)


def with_alpha(picture: Picture) -> tuple[Pixels, str]:
    """Pixels and axes with alpha, where there is one, as the last entry of the channel axis."""
    pixels, axes, alpha = picture.pixels, picture.axes, picture.alpha
    if alpha is None:
        return pixels, axes
    if "C" not in axes:
        pixels, axes = pixels[..., np.newaxis], axes + "C"
    at = axes.index("C")
    return np.concatenate([pixels, np.expand_dims(alpha, at)], axis=at), axes


def _guess_axes(pixels: Pixels, path: Path) -> str:
    if pixels.ndim in (1, 2):
        return "X" if pixels.ndim == 1 else "YX"
    if pixels.ndim == 3 and pixels.shape[-1] in (3, 4):
        return "YXC"
    raise ValueError(
        f"read(path={str(path)!r}, axes=None): an array of shape {pixels.shape} does not say what its axes are. "
        "Pass one "
        "letter for each as axes= / --axes: 'IYX' for a stack of images, 'ZYX' for a volume, 'CYX' for channels."
    )
