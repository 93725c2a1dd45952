"""Makes uses-of-diffusion.png: what a model of SinDDM can do besides samples, and samples of SinFusion.

    python docs/gallery/uses_of_diffusion.py

Both as they are by default learn from stained tissue (scikit-image's `immunohistochemistry`), shrunk to 64 pixels.
Nothing is picked: seeds are 0. The style is given to scikit-image's `coffee`.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib import pyplot
from one_picture import SIDE, painting, pasted, show, tissue
from plotting import write
from skimage import data, transform
from torch import Tensor

import oneself

PART = (8, 30, 24, 24)
PLACE = (20, 60)


def cup() -> np.ndarray:
    """A cup of coffee, of the tissue's size, uint8."""
    small = transform.resize(data.coffee()[20:380, 60:600] / 255, (SIDE, SIDE * 3 // 2), anti_aliasing=True)
    return (255 * small).round().astype(np.uint8)


def brown(x: Tensor) -> Tensor:
    """A score: how much more red than blue."""
    return (x[:, 0] - x[:, 2]).mean()


def framed(picture: np.ndarray, corner: tuple[int, int]) -> np.ndarray:
    """With a thin frame around the part."""
    made, (top, left), (height, width) = picture.copy(), corner, PART[2:]
    made[top : top + height, [left, left + width - 1]] = made[[top, top + height - 1], left : left + width] = 0
    return made


def main() -> None:
    picture, learn = tissue(), partial(oneself.generate, n=4, tell=print, device="cpu")
    model = learn(picture, method="patch_diffusion").model
    region = oneself.Region(PART, PLACE)
    rough, (foreign, mask), other = painting(picture), pasted(picture), cup()
    fused = learn(picture, method="sinfusion").images
    shown = [
        (framed(picture, PART[:2]), "the picture, and a part"),
        *((framed(image, PLACE), "the part kept there") for image in model.sample(2, regions=[region])),
        (model.sample(1, guide=brown, strength=0.1)[0], "a score raised: more brown"),
        (rough, "a painting"),
        (oneself.paint(model, rough), "paint"),
        (other, "another picture"),
        (oneself.paint(model, other, scale=model.scales // 2), "its style changed"),
        (foreign, "something pasted"),
        (oneself.harmonise(model, foreign, mask), "harmonise"),
        (transform.resize(picture[16:48, 24:72], (64, 96), order=3), "a part enlarged by cubics"),
        (oneself.enlarge(model, picture, 2)[32:96, 48:144], "enlarge"),
        *((image, f"SinFusion, sample {number}") for number, image in enumerate(fused, 1)),
    ]
    figure, places = pyplot.subplots(4, 4, figsize=(10, 7.6), layout="constrained")
    for axes, (image, title) in zip(places.flat, shown, strict=True):
        show(axes, image, title)
    write(figure, "uses-of-diffusion.png", colours=256)


if __name__ == "__main__":
    main()
