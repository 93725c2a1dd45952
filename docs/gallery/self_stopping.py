"""Makes self-stopping.png: PSNR step by step, far beyond where each method would have stopped by itself.

    python docs/gallery/self_stopping.py

Four methods denoise one picture as they do by default, but go on where their rule would have stopped them; a dot is
what they would have returned there. The truth is only used to draw the PSNR. The survey's Figure 5(a) shows the same of
the deep image prior and projected GSURE in super-resolution.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from functools import wraps
from typing import Any

import torch
from matplotlib import pyplot
from plotting import COLOURS, camera, noise, psnr, write
from torch import Tensor

from oneself.core import Rule, Run, Stage, Step
from oneself.core.method import Method
from oneself.registry import find

SIDE, LEVEL, DECAY = 80, 25 / 255, 0.99
METHODS: dict[str, dict[str, Any]] = {
    "dip": {},
    "deep_decoder": {},
    "dip_sure": {"sigma": LEVEL},
    "dip_sure_ste": {"sigma": LEVEL},
}


class Noted(Rule):
    """Stops nothing; another rule is asked all the same."""

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.rule = rule

    def met(self, step: Step) -> Tensor:
        return torch.zeros_like(self.rule(step))

    def reason(self) -> str:
        return "nothing"


def endless(record: Method) -> Method:
    """The method with its rule only noted: all steps are taken."""

    @wraps(record.function)
    def recipe(y: Tensor, physics: Any, **options: Any) -> Stage:
        stage = record(y, physics, **options)
        assert isinstance(stage, Stage)
        stage.stop = Noted(stage.stop)
        return stage

    return replace(record, function=recipe)


def curve(record: Method, y: Tensor, x: Tensor, **options: Any) -> tuple[list[float], tuple[int, float] | None]:
    """The PSNR of the running average of the outputs after every step; the step at which the method would have stopped,
    and the PSNR of what it would have returned."""
    found: list[float] = []
    mean: Tensor | None = None
    stopped: tuple[int, float] | None = None
    run = Run(endless(record), y, device="cpu", **options)
    for taken, step in enumerate(run, 1):
        assert step.output is not None
        mean = step.output if mean is None else torch.lerp(mean, step.output, max(1 / taken, 1 - DECAY))
        found.append(psnr(mean, x))
        (rule,) = (module for module in run._now.stage.modules() if isinstance(module, Noted))
        if stopped is None and bool(rule.rule.held("fired")):
            stopped = taken, psnr(run.answer, x)
    return found, stopped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2000)
    given = parser.parse_args()
    x = camera(SIDE)
    y = x + noise(x, LEVEL)
    figure, axes = pyplot.subplots(figsize=(6.8, 4.2))
    began = time.monotonic()
    for colour, (key, options) in zip(COLOURS, METHODS.items(), strict=False):
        record = find(key)
        found, stopped = curve(record, y, x, steps=given.steps, **options)
        axes.plot(range(1, len(found) + 1), found, color=colour, label=record.title)
        if stopped is not None:
            axes.plot(*stopped, "o", color=colour, markersize=8)
        told = (
            "had not stopped" if stopped is None else f"stopped at step {stopped[0]} and returned {stopped[1]:.2f} dB"
        )
        print(
            f"{key}: best {max(found):.2f} dB at step {found.index(max(found)) + 1}, {found[-1]:.2f} dB at step "
            f"{len(found)}; by itself it {told}"
        )
    print(f"noisy picture {psnr(y, x):.2f} dB; {time.monotonic() - began:.0f} s")
    axes.axhline(psnr(y, x), color="grey", linestyle=":", linewidth=1)
    axes.set(xscale="log", xlim=(20, None), ylim=(18, None), xlabel="step", ylabel="PSNR / dB")
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    write(figure, "self-stopping.png")


if __name__ == "__main__":
    main()
