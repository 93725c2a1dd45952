"""Dipole propagation: normals of a point cloud made to point outwards, patch by patch, by the field of those before.

Given           y, points of a surface
Structure       none: patches of neighbouring points, their normals by principal components
Input           the points
Loss            none: a patch takes the sign that makes ∑ E(x)·n positive, E(x) = ∑ (p − 3 (p·R̂) R̂) / |R|³
Regularisation  the patch of the largest |∑ E(x)·n| is next

Metzer, Hanocka, Zorin, Giryes, Panozzo, Cohen-Or. Orienting point clouds with dipole propagation. ACM TOG 2021.
"""

from typing import Annotated, Any

import torch
from torch import Tensor

from oneself.core import Option, Stage, State, method
from oneself.domains import ORIENTED, POINTS
from oneself.geometry import dipole_energy, mean_potential, pca_normals, unit_box
from oneself.recipes.points.options import Neighbours
from oneself.recipes.points.patches import consistent, cubes, flat_normal


class Propagation(Stage):
    """A step gives one patch its sign; the last ones flip single points that the field of all others speaks against."""

    def __init__(self, y: Tensor, neighbours: int, side: float, least: int, flat: float, passes: int) -> None:
        middle, size = unit_box(y)
        self.x, self.y = (y - middle) / size, y
        normals, curvature = pca_normals(self.x, neighbours)
        self.patches = cubes(self.x, side, least)
        super().__init__(steps=len(self.patches) + passes)
        normals = consistent(self.x, normals, curvature, self.patches)
        bent = []
        for patch in self.patches:
            plane, how = flat_normal(self.x[patch])
            bent.append(how)
            if how < flat:
                normals[patch] *= torch.where(normals[patch] @ plane < 0, -1.0, 1.0)[:, None]
        self.bent = torch.tensor(bent, device=y.device)
        self.state = State()
        self.state.register("normals", normals)
        self.state.register("energy", torch.zeros(len(y), device=y.device))
        self.state.register("left", torch.ones(len(self.patches), dtype=torch.bool, device=y.device))

    def solve(self) -> dict[str, Tensor]:
        normals, energy, left = (self.state.get_buffer(name) for name in ("normals", "energy", "left"))
        if bool(left.any()):
            self._next_patch(normals, energy, left)
        else:
            self._flip(normals, energy, (energy < 0).nonzero()[:, 0])
        return {"energy": energy.mean()}

    def _next_patch(self, normals: Tensor, energy: Tensor, left: Tensor) -> None:
        total = torch.stack([energy[patch].sum() for patch in self.patches])
        first = bool(left.all())
        chosen = int(torch.where(left, -self.bent if first else total.abs(), -torch.inf).argmax())
        patch = self.patches[chosen]
        if not first and total[chosen] < 0:
            normals[patch] *= -1
            energy[patch] *= -1
        energy += dipole_energy(self.x[patch], normals[patch], self.x, normals)
        left[chosen] = False

    def _flip(self, normals: Tensor, energy: Tensor, wrong: Tensor) -> None:
        if len(wrong):
            energy -= 2 * dipole_energy(self.x[wrong], normals[wrong], self.x, normals)
            normals[wrong] *= -1
            energy[wrong] *= -1

    def estimate(self) -> Tensor:
        normals = self.state.get_buffer("normals")
        outwards = mean_potential(self.x, normals) >= 0
        return torch.cat([self.y, torch.where(outwards, normals, -normals)], 1)


@method(
    "Dipole propagation of normals",
    cite="Metzer, Hanocka, Zorin, Giryes, Panozzo, Cohen-Or. Orienting point clouds with dipole propagation. 2021.",
    tasks=("orient",),
    needs=(),
    domain=POINTS,
    gives=ORIENTED,
    deterministic=True,
)
def dipole(
    y: Tensor,
    physics: Any,
    *,
    neighbours: Neighbours = 16,
    side: Annotated[float, Option("a patch's side, of the largest of the cloud's box", above=0, high=1)] = 0.05,
    least: Annotated[int, Option("points of a patch; smaller ones join others", low=1, high=10_000)] = 30,
    flat: Annotated[
        float, Option("curvature under which a patch's normals are those of a plane", low=0, high=1 / 3)
    ] = 0.003,
    passes: Annotated[int, Option("passes at the end that flip single points", low=0, high=20)] = 3,
) -> Stage:
    return Propagation(y, neighbours, side, least, flat, passes)
