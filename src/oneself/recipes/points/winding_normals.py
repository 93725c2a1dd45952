"""Winding number normal consistency: normals of a point cloud such that its winding number is 1/2 at every point.

Given           y, points of a surface
Structure       none: area-weighted normals μ of the points
Input           the points
Loss            ‖A μ − 1/2‖², A μ the winding number at the points, in a smoothing width that shrinks
Regularisation  after every step μ is turned to −∇(A μ), and keeps its length

Lin, Shi, Liu. Fast and globally consistent normal orientation based on the winding number normal consistency.
ACM TOG 2024.
"""

from typing import Annotated, Any

import torch
from torch import Tensor

from oneself.core import Option, Stage, State, method
from oneself.domains import ORIENTED, POINTS
from oneself.geometry import nearest, pca_normals, scattered, unit_box
from oneself.geometry.winding import Winding
from oneself.recipes import options as o
from oneself.recipes.points.options import Neighbours

BOX = 2.0  # side of the box that is computed in


class Consistency(Stage):
    """Steepest descent on the winding number, and normals turned to its gradient after each step."""

    def __init__(self, y: Tensor, widths: tuple[float, float], subset: int, neighbours: int, steps: int) -> None:
        super().__init__(steps=steps)
        middle, size = unit_box(y)
        self.y, self.x, self.widths, self.neighbours = y, (y - middle) / size * BOX, widths, neighbours
        self.chosen = scattered(self.x, subset)
        apart, _ = nearest(self.x[self.chosen], self.x[self.chosen], 2)
        self.spacing = float(apart[:, 1].median().clamp_min(1e-6))
        self.state = State()
        self.state.register("mu", torch.zeros(len(self.chosen), 3, device=y.device))
        self.state.register("taken", torch.zeros((), dtype=torch.long, device=y.device))

    def _winding(self, taken: int, at: Tensor | None = None) -> Winding:
        narrow, wide = self.widths
        share = max(0.0, 1 - taken / max(1, self.steps - 1))
        return Winding(self.x[self.chosen], self.spacing * (narrow + share * (wide - narrow)), at)

    def solve(self) -> dict[str, Tensor]:
        mu, taken = self.state.get_buffer("mu"), self.state.get_buffer("taken")
        winding = self._winding(int(taken))
        residual = 0.5 - winding.value(mu)
        slope = winding.transposed(residual)
        length = slope.square().sum() / winding.value(slope).square().sum().clamp_min(1e-30)
        mu += length * slope
        outwards = torch.nn.functional.normalize(winding.against_gradient(mu), dim=1)
        mu.copy_(outwards * mu.norm(dim=1, keepdim=True))
        taken += 1
        return {"winding": residual.square().mean()}

    def estimate(self) -> Tensor:
        """Directions by principal components, signs by the winding number's gradient at every point."""
        mu, taken = self.state.get_buffer("mu"), int(self.state.get_buffer("taken"))
        outwards = self._winding(max(0, taken - 1), self.x).against_gradient(mu)
        normals, _ = pca_normals(self.x, self.neighbours)
        normals = normals * torch.where((normals * outwards).sum(1, keepdim=True) < 0, -1.0, 1.0)
        return torch.cat([self.y, normals], 1)


@method(
    "Winding number normal consistency",
    cite="Lin, Shi, Liu. Fast and globally consistent normal orientation based on the winding number. ACM TOG 2024.",
    tasks=("orient",),
    needs=(),
    domain=POINTS,
    gives=ORIENTED,
    deterministic=True,
)
def winding_normals(
    y: Tensor,
    physics: Any,
    *,
    narrow: Annotated[
        float, Option("smoothing width at the end, in distances between neighbours", above=0, high=100)
    ] = 1.0,
    wide: Annotated[float, Option("smoothing width at the beginning", above=0, high=100)] = 4.0,
    subset: Annotated[
        int, Option("points that are solved for; their field gives the others their sign", low=16, high=20_000)
    ] = 2000,
    neighbours: Neighbours = 16,
    steps: o.Steps = 40,
) -> Stage:
    if narrow > wide:
        raise ValueError(f"winding_normals(narrow={narrow}): wider than at the beginning. Give {wide} at most.")
    return Consistency(y, (narrow, wide), subset, neighbours, steps)
