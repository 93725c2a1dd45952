"""Self-sampling: a network learns to move points of a cloud to where its rare points are, and then makes more of those.

Given           y, points of a surface, few of them where it is sharp, or sparse
Structure       x = s + h(s), h a PointNet++
Input           s, a subset of y with few rare points, towards another with many
Loss            mean distance of x to the other subset, and of that to x
Regularisation  the network's shared weights, few steps

Metzer, Hanocka, Giryes, Cohen-Or. Self-sampling for neural point cloud consolidation. ACM TOG 2021.
"""

import math
from typing import Annotated, Any, Literal, cast

import torch
from torch import Tensor, nn

from oneself.core import Example, Fit, Option, Stage, Term, method
from oneself.domains import POINTS
from oneself.geometry import unit_box
from oneself.geometry.neighbours import distance
from oneself.networks.pointnet import PointNet
from oneself.optim import adam
from oneself.recipes import options as o
from oneself.recipes.points.options import Neighbours
from oneself.recipes.points.subsets import Subsets, rare_points

RARE: dict[str, Any] = {"counts": lambda others: others["rare"] != "any", "only": "with rare='sharp' or 'sparse'"}
LEAST = 12  # points of a cloud that can be halved and grouped
SMALL = 0.01  # of the network's last weights at the beginning: points stay where they are


class Moved(nn.Module):
    """Points and what the network moves them by."""

    def __init__(self, network: PointNet) -> None:
        super().__init__()
        self.network = network
        last = cast(nn.Linear, network.head[-1])
        with torch.no_grad():
            last.weight *= SMALL
            last.bias.zero_()

    def forward(self, x: Tensor, *groups: Tensor) -> Tensor:
        moved: Tensor = x + self.network(x, *groups)
        return moved


class Chamfer(Term):
    """Mean distance to the nearest of the other set, of both directions the mean."""

    name = "chamfer"

    def forward(self, x: Tensor, example: Example) -> Tensor:
        with torch.no_grad():
            apart = torch.cdist(x, example.target)
            there, here = apart.argmin(1), apart.argmin(0)
        return (distance(x, example.target[there]).mean() + distance(x[here], example.target).mean()) / 2


@method(
    "Self-sampling of point clouds",
    cite="Metzer, Hanocka, Giryes, Cohen-Or. Self-sampling for neural point cloud consolidation. ACM TOG 2021.",
    tasks=("consolidate",),
    needs=(),
    domain=POINTS,
)
def self_sample(
    y: Tensor,
    physics: Any,
    *,
    n: Annotated[
        int | None, Option("points that are made; twice as many as given unless said", low=1, high=999_999)
    ] = None,
    rare: Annotated[
        Literal["sharp", "sparse", "any"], Option("which points are too few: on edges, in thin places")
    ] = "sharp",
    rich: Annotated[float, Option("share of rare points in what is aimed at", low=0, high=1, **RARE)] = 0.85,
    poor: Annotated[float, Option("share of rare points in what is moved", low=0, high=1, **RARE)] = 0.2,
    subset: Annotated[int, Option("points of a subset; a third of all at most", low=4, high=100_000)] = 1000,
    neighbours: Neighbours = 16,
    width: o.Width = 32,
    levels: o.Levels = 4,
    lr: o.LearningRate = 1e-3,
    steps: o.Steps = 300,
) -> Stage:
    if len(y) < LEAST:
        raise ValueError(f"self_sample(y of {len(y)} points): too few. Give {LEAST} at least.")
    middle, size = unit_box(y)
    x = (y - middle) / size
    shares = (0.5, 0.5) if rare == "any" else (rich, poor)
    subsets = Subsets(x, rare_points(x, rare, neighbours), subset, *shares, neighbours, levels)
    wanted = 2 * len(y) if n is None else n

    def made(network: nn.Module) -> Tensor:
        passes = math.ceil(wanted / subsets.size)
        found = torch.cat([network(*subsets.source()) for _ in range(passes)])
        return found[torch.randperm(len(found), device=found.device)[:wanted]] * size + middle

    return Fit(
        structure=Moved(PointNet(width, levels)),
        input=subsets,
        loss=Chamfer(),
        optimiser=adam(lr),
        steps=steps,
        output=made,
        image_output=False,
    )
