"""Makes a-clip.png: a clip from a moving window, and what is made of it.

    python docs/gallery/a_clip.py

SinFusion learns from a window that moves over stained tissue (scikit-image's `immunohistochemistry`), 21 frames of
48 x 64 pixels; some minutes of a processor core. Nothing is picked: frames are those of seed 0.
"""

from __future__ import annotations

import argparse

import numpy as np
from matplotlib import pyplot
from PIL import Image
from plotting import HERE, write
from skimage import data, transform

import oneself

SIZE, COUNT, SHOWN = (48, 64), 21, 6


def clip() -> np.ndarray:
    """A window that moves to the right by two pixels a frame, ``(21, 48, 64, 3)``, uint8."""
    whole = transform.resize(data.immunohistochemistry()[100:400, :] / 255, (SIZE[0], 110), anti_aliasing=True)
    pixels = (255 * whole).round().astype(np.uint8)
    return np.stack([pixels[:, 2 * k : 2 * k + SIZE[1]] for k in range(COUNT)])


def chosen(frames: np.ndarray) -> np.ndarray:
    return frames[np.linspace(0, len(frames) - 1, SHOWN).round().astype(int)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3000, help="of the training")
    given = parser.parse_args()
    frames = clip()
    images, model, result = oneself.generate(frames, 1, channel_axis=-1, tell=print, device="cpu", steps=given.steps)
    print(f"trained in {result.seconds:.0f} s")
    rows = {
        "the clip, every fourth frame": chosen(frames),
        "its last frame, and what follows, every second frame": np.concatenate(
            [frames[-1:], oneself.extrapolate(model, 2 * SHOWN - 2)[1::2]]
        ),
        "what came before its first frame, every second frame": np.concatenate(
            [oneself.extrapolate(model, 2 * SHOWN - 2, direction="backward")[::2], frames[:1]]
        ),
        "a new clip, every fourth frame": chosen(images[0]),
        "twice the rate: every second frame is made": oneself.interpolate(model)[10 : 10 + SHOWN],
    }
    figure, grid = pyplot.subplots(len(rows), SHOWN, figsize=(8.4, 6.2), gridspec_kw={"wspace": 0.03, "hspace": 0.25})
    for line, (title, shown) in zip(grid, rows.items(), strict=True):
        line[0].set_title(title, fontsize=8, loc="left")
        for axes, frame in zip(line, shown, strict=True):
            axes.imshow(frame, interpolation="nearest")
            axes.axis("off")
    write(figure, "a-clip.png")
    with Image.open(HERE / "a-clip.png") as made:
        small = made.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(HERE / "a-clip.png", optimize=True)


if __name__ == "__main__":
    main()
