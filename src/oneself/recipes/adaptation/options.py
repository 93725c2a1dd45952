"""Options that the adapting methods share. Defaults are a method's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from torch import nn

from oneself.core import Option

__all__ = ["Caution", "Change", "HoldOut", "LearningRate", "Patch", "Steps", "Weights"]

Weights = Annotated[
    Path | nn.Module | None,
    Option(
        "the pretrained denoiser: weights of an architecture that 'oneself weights' lists; those of the package "
        "otherwise, which were trained on drawn pictures"
    ),
]
Change = Annotated[str, Option("what may change: all, gains, biases, norm, last:N, progressive or lora:R")]
LearningRate = Annotated[
    float | None,
    Option("learning rate; by what changes unless given: 3e-3, or 1e-4 of whole weights", above=0, high=1e3),
]
Steps = Annotated[int, Option("steps at most; 0 for the network as it came", low=0, high=10**7)]
Patch = Annotated[int, Option("side of the random patches that are learned from", low=8, high=2**14)]
HoldOut = Annotated[
    float, Option("share of the picture, in squares, that the loss does not see and the result is judged on", above=0,
                  high=0.5)
]  # fmt: skip
Caution = Annotated[
    float, Option("standard errors by which the result must be better there, or the network's own answer is given",
                  low=0, high=100)
]  # fmt: skip
