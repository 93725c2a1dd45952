"""SOUND: a small method that keeps every promise, to be broken one promise at a time.

Given           y and A, with y = A(x) + noise
Structure       one convolution h
Input           fixed noise z, jittered at every step
Loss            ‖A(h(z)) − y‖²
Regularisation  λ‖h(z)‖²

Nobody. Nowhere. 2000.
"""

from __future__ import annotations

from typing import Annotated, Any

import torch
from torch import Tensor, nn

from oneself.core import Example, Fit, Option, Term, method
from oneself.inputs import Code
from oneself.losses import Fidelity
from oneself.optim import adam

CITE = "Nobody. Nowhere. 2000."
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


class Smallness(Term):
    """``mean x²``."""

    name = "smallness"

    def forward(self, x: Tensor, example: Example) -> Tensor:
        return x.square().mean()


def network(dims: int, channels: int) -> nn.Module:
    return CONVOLUTIONS[dims - 1](4, channels, 3, padding=1)


def fit(y: Tensor, physics: Any, *, weight: float = 0.1, jitter: float = 0.1, steps: int = 8, **changed: Any) -> Fit:
    """The stage; ``kind`` of ``Fit``, and any of its arguments, may be changed."""
    size = tuple(physics.A_adjoint(y).shape)
    kind = changed.pop("kind", Fit)
    parts = {
        "structure": network(len(size) - 2, size[1]),
        "input": Code(y, size[2:], 4, jitter),
        "loss": Fidelity(physics.A),
        "regularisation": weight * Smallness(),
        "optimiser": adam(1e-2),
        "steps": steps,
    }
    made: Fit = kind(**{**parts, **changed})
    return made


@method("Sound", cite=CITE, tasks=("denoise", "inpaint", "restore"), presets={"heavy": {"weight": 1.0}})
def sound(
    y: Tensor,
    physics: Any,
    *,
    weight: Annotated[float, Option("weight of the smallness", low=0)] = 0.1,
    jitter: Annotated[float, Option("standard deviation of the noise on the code", low=0)] = 0.1,
    steps: Annotated[int, Option("steps", low=1)] = 300,
) -> Fit:
    return fit(y, physics, weight=weight, jitter=jitter, steps=steps)


def broken(change: Any, **record: Any) -> Any:
    """A method whose stage is ``change(y, physics, steps)``."""
    told = {"title": "Broken", "cite": CITE, "tasks": ("denoise", "inpaint", "restore"), **record}

    @method(**told)
    def sound(y: Tensor, physics: Any, *, steps: Annotated[int, Option("steps", low=1)] = 300) -> Fit:
        made: Fit = change(y, physics, steps)
        return made

    return sound


def same_everywhere(steps: int, y: Tensor, physics: Any) -> Fit:
    """No chance in it."""
    stage = fit(y, physics, jitter=0.0, steps=steps)
    with torch.no_grad():
        stage.input.z.fill_(0.5)  # type: ignore[operator, union-attr]
        for parameter in stage.parameters():
            parameter.fill_(0.1)
    return stage
