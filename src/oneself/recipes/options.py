"""Options that several methods have: the same name, range and words everywhere. Defaults are a method's own."""

from __future__ import annotations

from typing import Annotated, Literal

from torch import Tensor

from oneself.core import Option

__all__ = [
    "Average",
    "CodeChannels",
    "Denoiser",
    "DenoiserSigma",
    "Ensemble",
    "ExtraSteps",
    "Fidelity",
    "Guide",
    "HoldOut",
    "Jitter",
    "KernelThreshold",
    "LearningRate",
    "Levels",
    "Optimiser",
    "Patch",
    "Patches",
    "Patience",
    "Penalty",
    "Radius",
    "Replace",
    "Ridge",
    "Shared",
    "Shrunk",
    "Sigma",
    "Skips",
    "Smoothing",
    "Start",
    "Steps",
    "StepsAtMost",
    "Stop",
    "Tile",
    "TvWeight",
    "Upsampling",
    "ValidateEvery",
    "WeightAverage",
    "Width",
    "Window",
]

Width = Annotated[int, Option("channels of the network at every level", low=1, high=1024)]
Levels = Annotated[int, Option("times the network halves the size (fewer on small inputs)", low=1, high=8)]
Skips = Annotated[int, Option("channels of each skip connection", low=0, high=1024)]
CodeChannels = Annotated[int, Option("channels of the random code", low=1, high=1024)]
Upsampling = Annotated[Literal["linear", "nearest"], Option("interpolation on the network's way up")]
Guide = Annotated[
    Tensor | None,
    Option(
        "another picture of the scene, such as a flash photograph, as the network's input in place of noise", apart=True
    ),
]
Jitter = Annotated[
    float, Option("standard deviation of the noise on the network's input at every step", low=0, high=100)
]

Optimiser = Annotated[
    Literal["muon", "adam"], Option("what moves the weights: 'muon' fits in about a third of the steps")
]
LearningRate = Annotated[float, Option("learning rate", above=0, high=1e3)]
Steps = Annotated[int, Option("steps", low=1, high=10**7)]
StepsAtMost = Annotated[int, Option("steps at most", low=1, high=10**7)]

STOPS = (
    "what ends the run (the best iterate by it is returned): error on what is held out, windowed or moving variance of "
    "the outputs; 'auto': held out, or the variance where the fidelity mixes elements; 'never': returns the last"
)
Stop = Annotated[Literal["auto", "held-out", "variance", "moving-variance", "never"], Option(STOPS)]
HoldOut = Annotated[float, Option("share of the measurement that 'held-out' keeps from the loss", above=0, below=1)]
Window = Annotated[int, Option("steps in the window of the variance", low=2, high=4096)]
Smoothing = Annotated[float, Option("decay of the running average that the stopping watches", low=0, below=1)]
Patience = Annotated[int, Option("steps without improvement before stopping", low=1, high=10**7)]
Start = Annotated[int, Option("step before which the run never stops", low=0, high=10**7)]
ExtraSteps = Annotated[
    int, Option("steps that the run goes on for where the estimated error has reached its floor", low=0, high=10**7)
]
Average = Annotated[float, Option("decay of the running average of the outputs; 0 for none", low=0, below=1)]

Sigma = Annotated[
    float | None,
    Option("noise level in the picture's own units; estimated otherwise", low=1e-9, high=100, unit="level"),
]
TvWeight = Annotated[float, Option("weight of the total variation", low=0, high=1e6)]
Fidelity = Annotated[
    Literal["least-squares", "back-projection", "guided"],
    Option("how the measurement is fitted; 'guided' goes from back-projection to least squares over the steps"),
]
Ridge = Annotated[float, Option("ε, what is added to AAᵀ (1 at its largest) before it is inverted", low=1e-9, high=1e3)]

Denoiser = Annotated[
    Literal[
        "non-local-means",
        "total-variation",
        "bm3d",
    ],
    Option("the denoiser D; 'bm3d' needs the package of that name"),
]
DenoiserSigma = Annotated[float, Option("noise level that D removes, in units of the [0, 1] range", above=0, high=100)]
Penalty = Annotated[float, Option("μ, weight of the coupling", above=0, high=1e6)]

Shrunk = Annotated[int, Option("the factor that the picture was shrunk by: 2, 3 or 4", low=2, high=4)]
KernelThreshold = Annotated[float, Option("what of the kernel is kept, as a share of its peak", low=0, below=1)]
Patch = Annotated[int, Option("side of the random patches that are learned from", low=8, high=2**14)]
Patches = Annotated[int, Option("patches per step", low=1, high=1024)]
WeightAverage = Annotated[float, Option("decay of the running average of the weights; 0 for none", low=0, below=1)]
ValidateEvery = Annotated[int, Option("steps from one look at what is held out to the next", low=1, high=10**7)]
Ensemble = Annotated[bool, Option("take the mean over the image's flips (and rotations in 2D)")]
Tile = Annotated[int, Option("side of the tiles that the network is applied to at the end", low=16, high=2**14)]

Replace = Annotated[
    Literal["uniform", "median", "mean"],
    Option("what a hidden element is replaced by: a neighbour drawn at random, their median, or their mean"),
]
Radius = Annotated[int, Option("radius of the neighbourhood that replaces a hidden element", low=1, high=8)]
Shared = Annotated[
    bool | None,
    Option(
        "hide a place in all channels at once, for noise that they share; else each by itself; measured unless given"
    ),
]
