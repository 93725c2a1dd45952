"""Makes one-picture.png: new pictures from one, and what else its model can do.

    python docs/gallery/one_picture.py

SinGAN as it is by default learns from stained tissue (scikit-image's `immunohistochemistry`), shrunk to 64 pixels; two
to five minutes on a processor core. Nothing is picked: the samples are the first ones of seed 0.
"""

from __future__ import annotations

import argparse

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from plotting import write
from skimage import data, transform

import oneself

SIDE = 64


def tissue() -> np.ndarray:
    """Stained tissue, ``(64, 96, 3)``, uint8."""
    crop = data.immunohistochemistry()[100:400, 30:480] / 255
    small = transform.resize(crop, (SIDE, SIDE * 3 // 2), anti_aliasing=True)
    return (255 * small).round().astype(np.uint8)


def painting(picture: np.ndarray) -> np.ndarray:
    """Three flat colours of the picture: a ring of brown on white and blue."""
    values = picture.reshape(-1, 3).astype(float)
    order = values.sum(1).argsort()
    dark, middle, light = (values[order[int(q * len(order))]] for q in (0.1, 0.5, 0.9))
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    far = np.hypot(rows - picture.shape[0] / 2, (columns - picture.shape[1] / 2) * 0.8)
    made = np.where((far < 24)[..., None], dark, light)
    made[far < 12] = middle
    return made.astype(np.uint8)


def pasted(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A disc of something else (coffee) in the picture, and where it is."""
    other = transform.resize(data.coffee()[80:300, 180:400] / 255, (24, 24), anti_aliasing=True)
    rows, columns = np.mgrid[:24, :24]
    disc = np.hypot(rows - 11.5, columns - 11.5) < 11
    made, mask = picture.copy(), np.zeros(picture.shape[:2], bool)
    mask[20:44, 36:60] = disc
    made[mask] = (255 * other[disc]).astype(np.uint8)
    return made, mask


def show(axes: Axes, picture: np.ndarray, title: str) -> None:
    axes.imshow(picture, interpolation="nearest")
    axes.set_title(title, fontsize=8)
    axes.axis("off")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2000, help="steps at the coarsest scale")
    given = parser.parse_args()
    picture = tissue()
    images, model, result = oneself.generate(
        picture, 5, method="patch_transport", tell=print, device="cpu", steps=given.steps
    )
    print(f"trained in {result.seconds:.0f} s")
    rough, (foreign, mask) = painting(picture), pasted(picture)
    clip = oneself.animate(model, 24, start_scale=0, pull=0.05)[::8]
    shown = [
        (picture, "the picture"),
        (model.reconstruction(), "reconstruction"),
        *((image, f"sample {k}") for k, image in enumerate(images, 1)),
        (model.sample(1, start_scale=2)[0], "from scale 2 on"),
        (rough, "a painting"),
        (oneself.paint(model, rough), "paint"),
        (foreign, "something pasted"),
        (oneself.harmonise(model, foreign, mask), "harmonise"),
        *((frame, f"animate, frame {8 * k + 1}") for k, frame in enumerate(clip)),
    ]
    figure = pyplot.figure(figsize=(10, 9.5), layout="constrained")
    places = figure.add_gridspec(5, 4)
    for number, (image, title) in enumerate(shown[:12]):
        show(figure.add_subplot(places[divmod(number, 4)]), image, title)
    for number, (image, title) in enumerate(shown[12:]):
        show(figure.add_subplot(places[3, number]), image, title)
    show(figure.add_subplot(places[4, :]), model.sample(1, (SIDE, 5 * SIDE), seed=1)[0], "a sample of 64 x 320")
    write(figure, "one-picture.png", colours=256)


if __name__ == "__main__":
    main()
