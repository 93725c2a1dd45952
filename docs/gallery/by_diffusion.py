"""Makes by-diffusion.png: new pictures from one, by SinDDM.

    python docs/gallery/by_diffusion.py

SinDDM as it is by default learns from stained tissue (scikit-image's `immunohistochemistry`), shrunk to 64 pixels;
about two minutes on a processor core. Nothing is picked: the samples are the first ones of seed 0.
"""

from __future__ import annotations

from matplotlib import pyplot
from one_picture import SIDE, show, tissue
from plotting import write

import oneself


def main() -> None:
    picture = tissue()
    images, model, result = oneself.generate(picture, n=6, method="patch_diffusion", tell=print)
    wide = model.sample(1, size=(SIDE, 4 * SIDE))[0]
    figure = pyplot.figure(figsize=(9, 6.4))
    grid = figure.add_gridspec(3, 4, hspace=0.2, wspace=0.03, left=0.01, right=0.99, top=0.96, bottom=0.01)
    titled = {"the picture": picture, "reconstruction": result.image[0].permute(1, 2, 0).clip(0, 1).numpy()}
    titled |= {f"sample {number}": sample for number, sample in enumerate(images, 1)}
    for number, (title, shown) in enumerate(titled.items()):
        show(figure.add_subplot(grid[number // 4, number % 4]), shown, title)
    show(figure.add_subplot(grid[2, :]), wide, f"a sample of {SIDE} x {4 * SIDE}")
    write(figure, "by-diffusion.png")


if __name__ == "__main__":
    main()
