"""ZSSR: zero-shot super-resolution.

Given           y and A, with y = A(x), any factor
Structure       convolutions h that add to the cubic enlargement ↑y
Input           ↑A(f): fathers f (crops of y and its smaller copies, turned), shrunk and enlarged again
Loss            |h(↑A(f)) − f|
Regularisation  the smallness of h; x = median of h over the turns of ↑y, projected onto {A(x) = y}

Shocher, Cohen, Irani. "Zero-shot" super-resolution using deep internal learning. CVPR 2018.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from oneself.core import Fit, Option, Recipe, Stage, WeightAverage, method
from oneself.inputs import FatherSon
from oneself.losses import Fidelity
from oneself.networks import Residual, apply_in_tiles, plain
from oneself.operators import displacement, enlarge, project, symmetries
from oneself.operators.alignment import Turn, turns
from oneself.operators.resize import resize
from oneself.optim import OPTIMISERS, one_cycle
from oneself.recipes import options as o
from oneself.stopping.slope import Reconstruction, SlopeCuts

CROPS = {1: 4096, 2: 64, 3: 20}
TILE = {1: 2**18, 2: 512, 3: 64}
SMALLEST = 2  # samples a son must have along every axis
# The paper's fathers are also sheared and shrunk by random factors; here they have a few fixed sizes.
NEAR_PUBLISHED = {
    "width": 64,
    "layers": 8,
    "crop": 128,
    "optimiser": "adam",
    "lr": 1e-3,
    "lr_schedule": "slope",
    "steps": 3000,
    "average": 0.0,
}
REAL = {"noise": 0.0125, "back_projections": 0}


@method(
    "Zero-Shot Super-Resolution (ZSSR)",
    cite='Shocher, Cohen, Irani. "Zero-shot" super-resolution using deep internal learning. CVPR 2018.',
    tasks=("super-resolve",),
    presets={"near-published": NEAR_PUBLISHED, "real": REAL},
    gpu_preset="near-published",
)
def zssr(
    y: Tensor,
    physics: Any,
    *,
    width: Annotated[int, Option("channels of the network", low=1, high=1024)] = 48,
    layers: Annotated[int, Option("convolutions of the network", low=2, high=100)] = 6,
    crop: Annotated[
        int | None, Option("side of a training crop (by default by the number of dimensions)", low=4, high=2**14)
    ] = None,
    crops: Annotated[int, Option("crops per step", low=1, high=1024)] = 1,
    smaller_copies: Annotated[
        int, Option("smaller copies of the picture that are learned from too", low=0, high=100)
    ] = 2,
    noise: Annotated[
        float, Option("noise added to shrunken copies, in units of the [0, 1] range", low=0, high=100)
    ] = 0.0,
    optimiser: o.Optimiser = "muon",
    lr: Annotated[float, Option("learning rate, at its highest", above=0, high=1e3)] = 5e-3,
    lr_schedule: Annotated[
        Literal["one-cycle", "slope"],
        Option("learning rate: 'one-cycle' over the steps, or as published cut where the fit's 'slope' levels out"),
    ] = "one-cycle",
    steps: Annotated[int, Option("steps at most", low=1, high=10**7)] = 500,
    average: Annotated[float, Option("decay of the running average of the weights; 0 for none", low=0, below=1)] = 0.99,
    ensemble: Annotated[bool, Option("take the median over the picture's turns that the operator allows")] = True,
    back_projections: o.BackProjections = 10,
    gradual: Annotated[
        bool, Option("go through smaller factors first, each learning from the last, at 3 times the cost")
    ] = False,
) -> Recipe:
    _check_method(y, physics, gradual)
    side = crop or CROPS[y.ndim - 2]

    def stage(fathers: Sequence[Tensor], operator: Any) -> Fit:
        size = tuple(operator.A_adjoint(y).shape[2:])
        scale = _scale(y, size)
        larger = partial(enlarge, shift=displacement(operator.A, y, scale))
        every = turns(scale)
        examples = FatherSon(fathers, operator.A, larger, scale, every, crop=side, crops=crops, noise=noise)
        _check_crop(operator, examples)
        views = symmetries(operator.A, y, scale, turns(scale, transpose=len(scale) == 2)) if ensemble else every[:1]
        network = _network(y, width, layers)
        onto = partial(project, operator.A, operator.A_adjoint, y=y, steps=back_projections)
        stop, schedule = _slope_cuts(network, examples) if lr_schedule == "slope" else (None, one_cycle())
        return Fit(
            structure=network,
            input=examples,
            loss=Fidelity(power=1),
            optimiser=OPTIMISERS[optimiser](lr),
            schedule=schedule,
            steps=steps,
            stop=stop,
            output=partial(_upscale, onto=onto, up=larger(y, size), views=views, reach=layers),
            average=WeightAverage(network, average) if average else None,
            answer_cost=len(views) * math.prod(size) / (3 * crops * math.prod(examples.inner)),
            image_output=False,
        )

    pool = [y, *(resize(y, _sizes(y, 2 ** (-k / smaller_copies))) for k in range(1, smaller_copies + 1))]
    return _climb(y, pool, physics, stage) if gradual else stage(pool, physics)


def _climb(
    y: Tensor, pool: list[Tensor], physics: Any, stage: Callable[[Sequence[Tensor], Any], Fit]
) -> Generator[Stage, Stage, None]:
    """Through the third and two thirds of the factor (on a logarithmic scale); answers become fathers."""
    scale = _scale(y, physics.A_adjoint(y).shape[2:])
    for share in (1 / 3, 2 / 3):
        done = yield stage(pool, physics.at([s**share for s in scale]))
        with torch.no_grad():
            pool = [*pool, done.answer()]
    yield stage(pool, physics)


def _upscale(
    network: nn.Module, *, onto: Callable[[Tensor], Tensor], up: Tensor, views: Sequence[Turn], reach: int
) -> Tensor:
    """The median of what the network makes of every view, projected onto {A(x) = y}; tile by tile where it is large."""

    def middle(part: Tensor) -> Tensor:
        ranked = torch.stack([view.back(network(view(part))) for view in views]).sort(0).values
        return (ranked[(len(views) - 1) // 2] + ranked[len(views) // 2]) / 2

    return onto(apply_in_tiles(middle, up, reach=reach, tile=TILE[up.ndim - 2]).float())


def _network(y: Tensor, width: int, layers: int) -> Residual:
    """Starts as the cubic enlargement: its last convolution is zero."""
    body = plain(y.ndim - 2, y.shape[1], width=width, layers=layers, bias=False)
    for weight in body.parameters():
        nn.init.kaiming_normal_(weight, nonlinearity="relu")
    nn.init.zeros_(weight)
    return Residual(body)


def _slope_cuts(network: nn.Module, examples: FatherSon) -> tuple[SlopeCuts, Callable[[float], float]]:
    def gap() -> Tensor:
        son, father = examples.evaluation_example().input[0], examples.evaluation_example().target
        made: Tensor = network(son) - father
        return made

    cuts = SlopeCuts(Reconstruction(gap))
    return cuts, cuts.schedule


def _sizes(y: Tensor, factor: float) -> list[int]:
    return [max(1, round(n * factor)) for n in y.shape[2:]]


def _scale(y: Tensor, size: Sequence[int]) -> tuple[float, ...]:
    """Of each axis, from the sizes; refused where there is nothing to learn from."""
    small = tuple(y.shape[2:])
    scale = tuple(n / m for n, m in zip(size, small, strict=True))
    if max(scale) <= 1 or min(scale) < 1:
        raise ValueError(f"zssr(physics): makes {small} of {tuple(size)}, which shrinks nothing. Give Resize(scale).")
    sons = tuple(math.floor(m / s + 1e-6) for m, s in zip(small, scale, strict=True))
    if min(son for son, s in zip(sons, scale, strict=True) if s > 1) < SMALLEST:
        factor = " × ".join(f"{s:g}" for s in scale)
        raise ValueError(
            f"zssr(y.shape={tuple(y.shape)}): too small to learn from: its own copy shrunk by {factor} would have "
            f"{sons} samples, fewer than {SMALLEST} a side. Give a larger picture, or a smaller scale."
        )
    return scale


def _check_method(y: Tensor, physics: Any, gradual: bool) -> None:
    kernel, size = getattr(physics, "kernel", None), tuple(physics.A_adjoint(y).shape[2:])
    if isinstance(kernel, Tensor) and any(k > n for k, n in zip(kernel.shape, size, strict=False)):
        raise ValueError(
            f"zssr(physics.kernel.shape={tuple(kernel.shape)}): larger than the enlarged image {size}. "
            "Cut the kernel to where it is not zero."
        )
    if gradual and not hasattr(physics, "at"):
        raise ValueError(
            f"zssr(gradual=True, physics={type(physics).__name__}): has no at(scale), an operator of smaller factors. "
            "Give oneself.operators.Resize, or gradual=False."
        )


def _check_crop(operator: Any, examples: FatherSon) -> None:
    """The operator must take a crop, whatever size it was made for."""
    name = f"zssr(physics={type(operator).__name__})"
    wanted = [round(n / s) for n, s in zip(examples.outer, examples.scale, strict=True)]
    try:
        made = tuple(operator.A(examples.sample()).shape[2:])
    except RuntimeError as error:
        raise ValueError(f"{name}: takes no crop of {examples.outer} ({error}). Give one that does.") from error
    if any(abs(n - m) > 1 for n, m in zip(made, wanted, strict=True)):
        raise ValueError(f"{name}: makes {made} of {examples.outer}, not {wanted}. Give one that takes any size.")
