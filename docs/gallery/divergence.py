"""Makes divergence.png: a network's divergence while it learns to denoise, with and without Stein's estimate.

    python docs/gallery/divergence.py

Three times the same network from the noisy picture to a picture, from the same seed: it minimises the squared distance
to the noisy picture; Stein's unbiased estimate of the error (SURE), which adds the divergence; and the same with an
input that is shaken at every step. The truth is only used to draw the true error. This is the experiment of the
survey's Figure S2, run on until the estimate itself is learned to be pleased.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from matplotlib import pyplot
from plotting import COLOURS, camera, noise, smoothed, write
from torch import Tensor

from oneself.core import Example, Option, Run, method
from oneself.inputs import Observation
from oneself.networks import Skip
from oneself.optim import adam
from oneself.recipes import options as o
from oneself.recipes.prior.risk import RiskFit

SIDE, LEVEL = 64, 25 / 255
PANELS: dict[str, dict[str, Any]] = {
    "least squares": {"controlled": False},
    "SURE": {"controlled": True},
    "SURE, shaken input": {"controlled": True, "sigma_z": 0.5},
}


class WatchedFit(RiskFit):
    """As ``RiskFit``, with the divergence reported but not minimised."""

    def terms(self, example: Example) -> Mapping[str, Tensor]:
        return {name: x if name == "fidelity" else x.detach() for name, x in super().terms(example).items()}


@method(
    "A network from the observation to the image",
    cite="Metzler, Mousavi, Heckel, Baraniuk. Unsupervised learning with Stein's unbiased risk estimator. 2018.",
    tasks=("denoise",),
)
def observed(
    y: Tensor,
    physics: Any,
    *,
    sigma: Annotated[float, Option("noise level", above=0)] = LEVEL,
    controlled: Annotated[bool, Option("minimise the divergence, too")] = True,
    shake: Annotated[float, Option("highest level of the input's noise, as a share of the noise level", low=0)] = 0.0,
    width: o.Width = 32,
    steps: o.Steps = 2000,
) -> RiskFit:
    kind = RiskFit if controlled else WatchedFit
    return kind(
        A=physics.A,
        variance=sigma**2,
        shift=sigma / 10,
        structure=Skip(y.ndim - 2, y.shape[1], y.shape[1], y.shape[2:], [width] * 5, 16),
        input=Observation(y, physics.A_adjoint, jitter=shake * sigma),
        optimiser=adam(0.003),
        steps=steps,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1500)
    given = parser.parse_args()
    x = camera(SIDE)
    y = x + noise(x, LEVEL)
    energy = float(x.square().mean())
    figure, panels = pyplot.subplots(1, 3, figsize=(12, 3.8), sharey=True)
    began = time.monotonic()
    for axes, (name, options) in zip(panels, PANELS.items(), strict=True):
        run = Run(observed, y, device="cpu", steps=given.steps, **options)
        true = [float((step.output - x).square().mean()) for step in run if step.output is not None]
        history = {key: np.asarray(values) for key, values in run.result().history.items()}
        curves = {
            "true error": np.asarray(true),
            "SURE": sum(history.values(), np.zeros(len(true))),
            "2σ² divergence": history["divergence"],
            "distance to the noisy picture": history["fidelity"],
        }
        shown = {key: smoothed(list(curve / energy), 9) for key, curve in curves.items()}
        for colour, (key, curve) in zip(COLOURS, shown.items(), strict=False):
            axes.plot(range(1, len(curve) + 1), curve, label=key, color=colour)
        axes.axhline(LEVEL**2 / energy, color="grey", linestyle=":", linewidth=1)
        axes.set(title=name, xlabel="step", xscale="log", xlim=(5, None), ylim=(-0.02, 0.08))
        negative = (shown["SURE"] < 0).nonzero()[0]
        if negative.size:
            axes.axvline(negative[0] + 1, color="grey", linewidth=1)
            axes.text(1.05 * negative[0], 0.072, "the estimate\nfalls below 0", fontsize=8, color="grey")
        error, spread = shown["true error"], shown["2σ² divergence"]
        best = int(error.argmin())
        print(
            f"{name}: true error {error[best]:.4f} at its best, step {best + 1}; {error[-1]:.4f} at step {len(error)}; "
            f"2σ² divergence {spread[best]:.4f} and {spread[-1]:.4f}; SURE {shown['SURE'][best]:.4f} and "
            f"{shown['SURE'][-1]:.4f}"
            + (f"; below 0 from step {negative[0] + 1}, true error {error[negative[0]]:.4f}" if negative.size else "")
        )
    print(f"error of the noisy picture {LEVEL**2 / energy:.4f}; {time.monotonic() - began:.0f} s")
    panels[0].set_ylabel("mean squares, divided by the picture's")
    panels[0].legend(frameon=False, fontsize=8, loc="upper right")
    write(figure, "divergence.png")


if __name__ == "__main__":
    main()
