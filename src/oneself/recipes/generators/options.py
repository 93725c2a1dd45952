"""Options that the methods with a generator share. Defaults are a method's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from torch import nn

from oneself.core import Option

__all__ = [
    "BackProjection",
    "Denoiser",
    "DiffusionSteps",
    "Discriminator",
    "Eta",
    "Gamma",
    "GeneratorFile",
    "Highest",
    "HoldOut",
    "LatentSteps",
    "LatentWeight",
    "NoiseLevel",
    "Patience",
    "Restarts",
    "Zeta",
]

GeneratorFile = Annotated[
    Path | nn.Module | None,
    Option(
        "the generator: weights of one that 'oneself weights' lists, or a module with latent, the shape of its codes",
        own_range=True,
    ),
]
Discriminator = Annotated[
    Path | nn.Module | None,
    Option("the discriminator that the generator was trained with, whose features measure the distance"),
]
Restarts = Annotated[int, Option("codes that are searched side by side; the best is taken", low=1, high=64)]
LatentSteps = Annotated[int, Option("steps at most of the search for the code", low=1, high=10**7)]
LatentWeight = Annotated[
    float, Option("weight of the code's squared length beside the mean squared error", low=0, high=1e3)
]
HoldOut = Annotated[
    float,
    Option(
        "share of the measurement that is kept from the loss, to stop by; 0 for all steps, and the last",
        low=0,
        high=0.5,
    ),
]
Patience = Annotated[
    int,
    Option(
        "steps without improvement of what is held out before stopping",
        low=1,
        high=10**7,
        only="with hold_out above 0",
        counts=lambda others: others["hold_out"] > 0,
    ),
]
BackProjection = Annotated[bool, Option("end by making the measurement exact, x + A⁺(y − A x): where it has no noise")]

Denoiser = Annotated[
    Path | nn.Module | None,
    Option("the denoiser that is the prior: weights of one that 'oneself weights' lists, or a module", own_range=True),
]
NoiseLevel = Annotated[
    float,
    Option("noise level of the measurement in the picture's own units; 0 for none", low=0, high=100, unit="level"),
]
NOISY: dict[str, Any] = {"only": "with sigma above 0", "counts": lambda others: others["sigma"] > 0}
Gamma = Annotated[float, Option("γ: how late least squares take over from back-projection", low=0, high=1e3, **NOISY)]
Zeta = Annotated[float, Option("ζ: share of the noise that is fresh at every step", low=0, high=1)]
Eta = Annotated[float, Option("η̃: how much noise damps back-projection", low=0, high=1e3, **NOISY)]
Highest = Annotated[
    float, Option("noise level that it begins at, as a share of the range from black to white", above=0, high=100)
]
DiffusionSteps = Annotated[int, Option("steps from noise to the picture", low=1, high=1000)]
