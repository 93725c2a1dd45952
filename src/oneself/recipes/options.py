"""Options that several methods have: the same name, range and words everywhere. Defaults are a method's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from torch import Tensor, nn

from oneself.core import Option

__all__ = [
    "Average",
    "BackProjections",
    "BatchNorm",
    "CoarsestWidth",
    "CodeChannels",
    "DenoiseEvery",
    "Denoiser",
    "DenoiserSigma",
    "DoubleWidthEvery",
    "Ensemble",
    "ExtraSteps",
    "Fidelity",
    "GeneratorAverage",
    "Guide",
    "HoldOut",
    "Jitter",
    "KernelThreshold",
    "LearningRate",
    "Levels",
    "MinSize",
    "NoiseAmplitude",
    "Optimiser",
    "Patch",
    "PatchLayers",
    "Patches",
    "Patience",
    "Penalty",
    "PriorWeights",
    "Radius",
    "RandomCrop",
    "Replace",
    "Ridge",
    "ScaleFactor",
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


Counts = Callable[[Mapping[str, Any]], bool]


def _beside(name: str, *values: Any) -> Counts:
    """Counts where another option, if the method has it, has one of some values."""
    return lambda others: name not in others or others[name] in values


def _not_beside(name: str, *values: Any) -> Counts:
    """Counts where another option, if the method has it, has none of some values."""
    return lambda others: name not in others or others[name] not in values


Width = Annotated[int, Option("channels of the network at every level", low=1, high=1024)]
Levels = Annotated[int, Option("times the network halves the size (fewer on small inputs)", low=1, high=8)]
Skips = Annotated[int, Option("channels of each skip connection", low=0, high=1024)]
CodeChannels = Annotated[
    int,
    Option(
        "channels of the random code",
        low=1,
        high=1024,
        only="without a guide",
        counts=lambda others: others.get("guide") is None,
    ),
]
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
    Literal["muon", "adam"], Option("the optimiser; 'muon' needs about a third of the steps of 'adam'")
]
LearningRate = Annotated[float, Option("learning rate", above=0, high=1e3)]
Steps = Annotated[int, Option("steps", low=1, high=10**7)]
StepsAtMost = Annotated[int, Option("steps at most", low=1, high=10**7)]

STOPS = (
    "score that ends the run and picks what is returned: 'held-out', the error on elements kept from the loss; "
    "'variance' (ES-WMV) or 'moving-variance' (ES-EMV) of the outputs; 'auto', held out, or the variance where the "
    "fidelity mixes elements; 'never', all steps, and the last output"
)
Stop = Annotated[Literal["auto", "held-out", "variance", "moving-variance", "never"], Option(STOPS)]
HoldOut = Annotated[
    float,
    Option(
        "share of the measurement that is kept from the loss, to stop by",
        above=0,
        below=1,
        only="with stop='held-out' or 'auto'",
        counts=_beside("stop", "auto", "held-out"),
    ),
]
VARIANCE: dict[str, Any] = {"only": "with stop='variance' or 'auto'", "counts": _beside("stop", "auto", "variance")}
Window = Annotated[int, Option("steps in the window of the variance", low=2, high=4096, **VARIANCE)]
Smoothing = Annotated[
    float, Option("decay of the running average whose variance or value is watched", low=0, below=1, **VARIANCE)
]
Patience = Annotated[
    int,
    Option(
        "steps without improvement before stopping",
        low=1,
        high=10**7,
        only="where a score is waited for: not with stop='never' or 'discrepancy'",
        counts=_not_beside("stop", "never", "discrepancy"),
    ),
]
Start = Annotated[
    int,
    Option(
        "step before which the run never stops",
        low=0,
        high=10**7,
        only="where something ends the run before its last step: not with stop='never'",
        counts=_not_beside("stop", "never"),
    ),
]
ExtraSteps = Annotated[
    int, Option("steps that follow after the estimated error has reached its floor", low=0, high=10**7)
]
Average = Annotated[float, Option("decay of the running average of the outputs; 0 for none", low=0, below=1)]

Sigma = Annotated[
    float | None,
    Option(
        "noise level in the picture's own units; estimated otherwise",
        low=1e-9,
        high=100,
        unit="level",
        only="with mix=True",
        counts=_not_beside("mix", False),
    ),
]
TvWeight = Annotated[float, Option("weight of the total variation", low=0, high=1e6)]
Fidelity = Annotated[
    Literal["least-squares", "back-projection", "guided"],
    Option("how the measurement is fitted; 'guided' goes from back-projection to least squares over the steps"),
]
Ridge = Annotated[
    float,
    Option(
        "ε, what is added to AAᵀ (1 at its largest) before it is inverted",
        low=1e-9,
        high=1e3,
        only="with fidelity='back-projection' or 'guided'",
        counts=_not_beside("fidelity", "least-squares"),
    ),
]

Denoiser = Annotated[
    Literal[
        "non-local-means",
        "total-variation",
        "bm3d",
        "pretrained",
    ],
    Option("the denoiser D; 'bm3d' needs the package of that name"),
]
PriorWeights = Annotated[
    Path | nn.Module | None,
    Option(
        "the pretrained denoiser: weights of an architecture that 'oneself weights' lists; else the package's own",
        only="with denoiser='pretrained'",
        counts=_beside("denoiser", "pretrained"),
    ),
]
DENOISED: dict[str, Any] = {"only": "beside a denoiser", "counts": _not_beside("denoiser", "none")}
DenoiserSigma = Annotated[
    float, Option("noise level that D removes, in units of the [0, 1] range", above=0, high=100, **DENOISED)
]
DenoiseEvery = Annotated[int, Option("steps from one use of D to the next", low=1, high=10**7, **DENOISED)]
Penalty = Annotated[
    float, Option("μ, ADMM's penalty: weight of the coupling of image and denoised copy", above=0, high=1e6, **DENOISED)
]

MinSize = Annotated[int, Option("shorter side of the picture at the coarsest scale", low=8, high=4096)]
ScaleFactor = Annotated[float, Option("size of a scale relative to the next finer one", low=0.4, high=0.9)]
CoarsestWidth = Annotated[int, Option("channels of the networks at the coarsest scales", low=1, high=1024)]
DoubleWidthEvery = Annotated[
    int | None, Option("scales after which the networks are twice as wide; none for one width", low=1, high=256)
]
PatchLayers = Annotated[
    int, Option("convolutions of each network; patches of 2 layers + 1 are learned", low=2, high=100)
]
BatchNorm = Annotated[bool, Option("batch normalisation between the convolutions")]
RandomCrop = Annotated[
    int | None,
    Option("side of the random part of a scale that a step sees; none for the whole scale", low=8, high=2**14),
]
NoiseAmplitude = Annotated[float, Option("noise of a scale, relative to the error of the scale below", low=0, high=100)]
GeneratorAverage = Annotated[
    float, Option("decay of the running average of the generators; 0 for none", low=0, below=1)
]

Shrunk = Annotated[int, Option("the factor that the picture was shrunk by: 2, 3 or 4", low=2, high=4)]
KernelThreshold = Annotated[
    float, Option("values of the kernel below this share of its peak are set to 0", low=0, below=1)
]
Patch = Annotated[int, Option("side of the random training patches", low=8, high=2**14)]
Patches = Annotated[int, Option("patches per step", low=1, high=1024)]
WeightAverage = Annotated[float, Option("decay of the running average of the weights; 0 for none", low=0, below=1)]
ValidateEvery = Annotated[
    int, Option("steps from one validation on the held-out elements to the next", low=1, high=10**7)
]
Ensemble = Annotated[bool, Option("take the mean over the image's flips (and rotations in 2D)")]
BackProjections = Annotated[
    int, Option("steps of projecting onto what was measured; 0 for a noisy measurement", low=0, high=1000)
]
Tile = Annotated[int, Option("side of the tiles that the network is applied to at the end", low=16, high=2**14)]

Replace = Annotated[
    Literal["uniform", "median", "mean"],
    Option("what a hidden element is replaced by: a neighbour drawn at random, their median, or their mean"),
]
Radius = Annotated[int, Option("radius of the neighbourhood that replaces a hidden element", low=1, high=8)]
Shared = Annotated[
    bool | None,
    Option(
        "hide a place in all channels at once, for noise that channels share, or in one channel at a time; measured "
        "unless given"
    ),
]
