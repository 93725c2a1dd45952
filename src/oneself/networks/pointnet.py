"""PointNet++: features of points from their neighbours, over fewer and fewer points, and back to all of them."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

__all__ = ["PointNet"]


def _mlp(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(1, len(widths)):
        layers += [nn.Linear(widths[i - 1], widths[i]), nn.ReLU()]
    return nn.Sequential(*layers)


class PointNet(nn.Module):
    """Displacements of points ``(N, 3)``, given who groups with whom.

    ``forward(x, *groups)`` takes four tensors a level: the indices of the level's points among those before, ``(n,)``;
    of each its neighbours there, ``(n, K)``; and of each point before the nearest three of the level, ``(N, 3)``, with
    weights that add up to 1, ``(N, 3)``.

    Parameters
    ----------
    width : int
        Channels after the first level; twice as many after each further one.
    levels : int
    """

    def __init__(self, width: int = 64, levels: int = 4) -> None:
        super().__init__()
        out = [0, *(width * 2**level for level in range(levels))]
        self.down = nn.ModuleList(
            _mlp(a + 3, max(a, width // 2, 1), max(a, width // 2, 1), b) for a, b in itertools.pairwise(out)
        )
        up, channels = [], out[-1]
        for before in reversed(out[:-1]):
            up.append(_mlp(channels + before, after := max(before, 2 * width), after))
            channels = after
        self.up = nn.ModuleList(up)
        self.head = nn.Sequential(
            nn.Linear(channels, 64), nn.ReLU(), nn.Linear(64, 32), nn.Linear(32, 16), nn.Linear(16, 3)
        )

    def forward(self, x: Tensor, *groups: Tensor) -> Tensor:
        levels = [groups[4 * i : 4 * i + 4] for i in range(len(self.down))]
        features = [x.new_zeros(len(x), 0)]
        for layer, (chosen, around, _, _) in zip(self.down, levels, strict=True):
            middle = x[chosen]
            seen = torch.cat([x[around] - middle[:, None], features[-1][around]], -1)
            features.append(layer(seen).amax(1))
            x = middle
        found = features.pop()
        for layer, (_, _, three, weights) in zip(self.up, reversed(levels), strict=True):
            spread = (found[three] * weights[..., None]).sum(1)
            found = layer(torch.cat([spread, features.pop()], -1))
        moved: Tensor = self.head(found)
        return moved
