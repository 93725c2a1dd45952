"""Pairs of disjoint subsets of a point cloud, one rich in rare points, one poor, and who groups with whom in it."""

from __future__ import annotations

import torch
from torch import Tensor

from oneself.core import Example, Input
from oneself.geometry import nearest, pca_normals, scattered

__all__ = ["Subsets", "rare_points"]

CLUSTERS, ROUNDS = 5, 20  # of densities, and rounds of Lloyd's algorithm
RATIO = 0.7  # of the points of a level that the next one has
SPARED = 0.8  # of the rare points, what the rich subset takes at most


def rare_points(x: Tensor, rare: str, neighbours: int) -> Tensor:
    """Which points are rare, ``(N,)``: on sharp edges (``"sharp"``), in thin places (``"sparse"``), or half of all.

    Sharp is where the normals of the neighbours lie at a larger angle from one's own than in the mean; sparse, the
    least dense of five clusters of log density.
    """
    if rare == "sharp":
        normals, _ = pca_normals(x, neighbours)
        _, index = nearest(x, x, neighbours)
        angle = (normals[index] @ normals[:, :, None])[..., 0].abs().clamp_max(1).acos().mean(1)
        return angle > angle.mean()
    if rare == "sparse":
        apart, _ = nearest(x, x, neighbours)
        density = -3 * apart[:, -1].clamp_min(1e-9).log()
        return _lowest_cluster(density)
    return torch.arange(len(x), device=x.device) % 2 == 0


def _lowest_cluster(values: Tensor) -> Tensor:
    shares = (torch.arange(CLUSTERS, device=values.device) + 0.5) / CLUSTERS
    middles = values.quantile(shares.to(values))
    for _ in range(ROUNDS):
        owner = (values[:, None] - middles).abs().argmin(1)
        held = torch.stack([(owner == i).any() for i in range(CLUSTERS)])
        means = torch.stack([values[owner == i].mean() for i in range(CLUSTERS)])
        middles = torch.where(held, means, middles)
    return owner == middles.argmin()


class Subsets(Input):
    """``size`` points of which the share ``poor`` is rare, towards ``size`` others of which the share ``rich`` is."""

    def __init__(self, x: Tensor, rare: Tensor, size: int, rich: float, poor: float, around: int, levels: int) -> None:
        super().__init__()
        self.x, self.size, self.rich, self.poor = x, min(size, len(x) // 3), rich, poor
        self.rare, self.plain = rare.nonzero()[:, 0], (~rare).nonzero()[:, 0]
        self.around, self.levels = around, levels

    def forward(self) -> Example:
        rare = self.rare[torch.randperm(len(self.rare), device=self.x.device)]
        plain = self.plain[torch.randperm(len(self.plain), device=self.x.device)]
        target = self._taken(rare, plain, self.rich)
        used = torch.zeros(len(self.x), dtype=torch.bool, device=self.x.device)
        used[target] = True
        source = self._taken(rare[~used[rare]], plain[~used[plain]], self.poor)
        return Example(self.grouped(self.x[source]), self.x[target])

    def _taken(self, rare: Tensor, plain: Tensor, share: float) -> Tensor:
        """As many rare points as the share says and as there are, filled up with others."""
        most = max(0, int(SPARED * len(rare)) if share > 0.5 else len(rare))
        first = min(round(share * self.size), most)
        taken = torch.cat([rare[:first], plain[: self.size - first]])
        return torch.cat([taken, rare[first : first + self.size - len(taken)]])

    def source(self) -> tuple[Tensor, ...]:
        """A subset as the network is given it, to make new points from."""
        made: tuple[Tensor, ...] = self().input
        return made

    def grouped(self, x: Tensor) -> tuple[Tensor, ...]:
        found, before = [x], x
        for _ in range(self.levels):
            chosen = scattered(before, max(1, int(RATIO * len(before))))
            after = before[chosen]
            apart, three = nearest(before, after, 3)
            weights = 1 / apart.square().clamp_min(1e-12)
            found += [chosen, nearest(after, before, self.around)[1], three, weights / weights.sum(1, keepdim=True)]
            before = after
        return tuple(found)

    def evaluation_example(self) -> Example:
        made: Example = self()
        return made
