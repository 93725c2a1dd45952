"""The frames of an animation, whole and one after another along T, from Pillow and to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .bounds import check_claim
from .npy import with_alpha
from .picture import Picture, Pixels, Timing

FOR_EVER = 0


def read_frames(image: Any, held: int, first: int = 0) -> tuple[Pixels, Pixels | None, Timing]:
    """Colours (T, Y, X, 3), or gray (T, Y, X) where all colours are gray; alpha, where any pixel is transparent; and
    how it plays. Frames before `first` do not belong to it; `held` bytes of file hold all.
    """
    check_claim((image.n_frames - first) * image.width * image.height * 4, held)
    frames, durations = [], []
    for number in range(first, image.n_frames):
        image.seek(number)
        image.load()
        frames.append(np.asarray(image.convert("RGBA")))
        durations.append(float(image.info.get("duration", 0)))
    pixels = np.stack(frames)
    colour, alpha = pixels[..., :3], pixels[..., 3]
    gray = bool((colour == colour[..., :1]).all())
    timing = Timing(tuple(durations), _plays(image))
    found = np.ascontiguousarray(colour[..., 0] if gray else colour)
    return found, None if (alpha == 255).all() else np.ascontiguousarray(alpha), timing


def still(pixels: Pixels, alpha: Pixels | None) -> tuple[Pixels, Pixels | None]:
    """The one frame of an animation that has no more."""
    return pixels[0], None if alpha is None else alpha[0]


def images(picture: Picture) -> list[Any]:
    """Each frame of a picture as Pillow has them; a picture without frames is one."""
    from PIL import Image

    pixels, axes = with_alpha(picture)
    pages = pixels if axes.startswith("T") else pixels[np.newaxis]
    return [Image.fromarray(np.ascontiguousarray(page)) for page in pages]


def options(picture: Picture) -> dict[str, Any]:
    """What Pillow is told of an animation."""
    timing = picture.metadata.timing
    if timing is None or not picture.axes.startswith("T"):
        return {}
    found = {"save_all": True, "append_images": images(picture)[1:], "duration": [round(d) for d in timing.durations]}
    return found | {"loop": timing.loop}


def gif_options(picture: Picture) -> dict[str, Any]:
    """The same for GIF, which counts how often an animation is played again."""
    found = options(picture)
    if "loop" in found:
        plays = found.pop("loop")
        found |= {} if plays == 1 else {"loop": plays - 1 if plays else FOR_EVER}
    return found


def _plays(image: Any) -> int:
    if image.format != "GIF":
        return int(image.info.get("loop", FOR_EVER))
    again = image.info.get("loop")
    return 1 if again is None else int(again) + 1 if again else FOR_EVER
