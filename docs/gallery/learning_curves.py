"""Makes learning-curves.png: how fast a deep image prior learns a picture, noise, and both at once.

    python docs/gallery/learning_curves.py

The same network, from the same seed, is fitted to four targets: a picture, the picture with noise, its pixels in random
order, and white noise. This is the experiment behind Figure 1 of the survey (Ulyanov, Vedaldi, Lempitsky, Figure 2).
"""

from __future__ import annotations

import argparse
import time

import torch
from matplotlib import pyplot
from plotting import COLOURS, camera, noise, smoothed, write

from oneself.core import Run
from oneself.registry import find

SIDE, LEVEL, NEAR = 64, 25 / 255, 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--width", type=int, default=48)
    given = parser.parse_args()
    x = camera(SIDE)
    chance = torch.Generator().manual_seed(1)
    order = torch.randperm(x.numel(), generator=chance)
    targets = {
        "picture": x,
        "picture + noise": x + noise(x, LEVEL),
        "picture, pixels in random order": x.flatten()[order].reshape(x.shape),
        "white noise": torch.rand(x.shape, generator=chance),
    }
    figure, axes = pyplot.subplots(figsize=(6.4, 4))
    began = time.monotonic()
    for colour, (name, target) in zip(COLOURS, targets.items(), strict=False):
        run = Run(
            find("dip"), target, device="cpu", stop="never", jitter=0.0, steps=given.steps, width=given.width, skip=4,
            lr=0.003,
        )  # fmt: skip
        curve = smoothed(run.finish().history["fidelity"])
        axes.plot(range(1, len(curve) + 1), curve, label=name, color=colour)
        below = (curve < NEAR).nonzero()[0]
        when = f"below {NEAR:g} at step {below[0] + 1}" if below.size else f"never below {NEAR:g}"
        looks = [step for step in (100, 300, 1000, len(curve)) if step <= len(curve)]
        at = ", ".join(f"{curve[step - 1]:.5f} at {step}" for step in looks)
        print(f"{name}: mean squared error {at}; {when}")
    print(f"{time.monotonic() - began:.0f} s")
    axes.axhline(LEVEL**2, color="grey", linestyle=":", linewidth=1)
    axes.text(1.1, 1.1 * LEVEL**2, "variance of the added noise", fontsize=8, color="grey")
    axes.set(xscale="log", yscale="log", xlabel="step", ylabel="mean squared error of the fit", xlim=(1, None))
    axes.legend(frameon=False, fontsize=9)
    write(figure, "learning-curves.png")


if __name__ == "__main__":
    main()
