"""How alike the patches of two pictures are, and pictures made of patches without learning: the baselines.

Pictures are ``(1, C, H, W)`` in [0, 1]. Distances are root mean squares over the elements of a patch.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from oneself.operators.resize import resize

SIDE = 7
SHARES = (1.0, 0.5, 0.25)  # of the size at which patches are compared
DIRECTIONS = 256


def patches(x: Tensor, side: int = SIDE) -> Tensor:
    """All patches as rows, ``(n, C * side²)``."""
    return F.unfold(x, side)[0].T


def shrunk(x: Tensor, share: float) -> Tensor:
    return resize(x, [max(SIDE, round(n * share)) for n in x.shape[2:]])


def sliced_wasserstein(x: Tensor, y: Tensor, seed: int = 0) -> float:
    """Distance of the distributions of patches: of their projections on random directions, sorted, mean over scales.

    Rabin, Peyré, Delon, Bernot. Wasserstein barycenter and its application to texture mixing. 2011.
    """
    found = []
    for share in SHARES:
        a, b = patches(shrunk(x, share)), patches(shrunk(y, share))
        directions = torch.randn(a.shape[1], DIRECTIONS, generator=torch.Generator().manual_seed(seed))
        directions /= directions.norm(dim=0)
        levels = torch.linspace(0, 1, 501)
        one, other = (torch.quantile(p @ directions, levels, dim=0) for p in (a, b))
        found.append(float((one - other).abs().mean()))
    return sum(found) / len(found)


def nearest(x: Tensor, y: Tensor, side: int = SIDE) -> float:
    """Mean distance from a patch of ``x`` to the nearest of ``y``."""
    return nearest_rows(patches(x, side), patches(y, side))


def nearest_rows(a: Tensor, b: Tensor) -> float:
    """Mean distance from a patch, a row of ``a``, to the nearest of ``b``."""
    least = torch.cat([torch.cdist(part, b).amin(1) for part in a.split(1024)])
    return float(least.mean()) / math.sqrt(a.shape[1])


def completeness(made: Tensor, source: Tensor) -> float:
    """How far the source's patches are from those of what was made: large where some are missing (mode collapse)."""
    return sum(nearest(shrunk(source, s), shrunk(made, s)) for s in SHARES) / len(SHARES)


def coherence(made: Tensor, source: Tensor) -> float:
    """How far the patches of what was made are from the source's: large where there are seams and inventions."""
    return sum(nearest(shrunk(made, s), shrunk(source, s)) for s in SHARES) / len(SHARES)


def diversity(made: Tensor, source: Tensor) -> float:
    """Standard deviation of a pixel over samples ``(n, C, H, W)``, relative to that of the source's pixels."""
    return float(made.std(0).mean() / source.std((0, 2, 3)).mean())


def whole_copy(wide: Tensor, source: Tensor) -> float:
    """Distance of the source, wrapped round by any shift, to the most similar window of a wider picture, relative to
    the source's standard deviation: 0 is a copy, about 1.4 what has nothing to do with it."""
    width, least = source.shape[3], math.inf
    windows = wide.unfold(3, width, 1)[0].permute(2, 0, 1, 3)
    for shift in range(width):
        distance = (windows - source.roll(shift, 3)).square().mean((1, 2, 3)).amin()
        least = min(least, float(distance))
    return math.sqrt(least) / float(source.std())


def shuffled_blocks(source: Tensor, size: tuple[int, int], side: int = 16, seed: int = 0) -> Tensor:
    """Blocks of the source at random places."""
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for _ in range(-(-size[0] // side)):
        row = []
        for _ in range(-(-size[1] // side)):
            top, left = (int(torch.randint(n - side + 1, (), generator=generator)) for n in source.shape[2:])
            row.append(source[..., top : top + side, left : left + side])
        rows.append(torch.cat(row, dim=3))
    return torch.cat(rows, dim=2)[..., : size[0], : size[1]]


def nearest_patches(
    source: Tensor, size: tuple[int, int], *, side: int = 7, coarsest: int = 14, ratio: float = 0.75, rounds: int = 3,
    noise: float = 0.75, fairness: float = 0.005, seed: int = 0,
) -> Tensor:  # fmt: skip
    """A picture voted for by the patches of the source: at every scale, from coarse to fine, each is replaced by the
    nearest and overlapping ones are averaged, some rounds long. It begins with the small source and noise.

    A patch of the source that is nobody's nearest is favoured: distances are divided by ``fairness`` plus the least
    distance of any patch to it.

    Granot, Feinstein, Shocher, Bagon, Irani. Drop the GAN: in defense of patches nearest neighbors as single image
    generative models. CVPR 2022.
    """
    generator = torch.Generator().manual_seed(seed)
    count = max(1, round(math.log(min(source.shape[2:]) / coarsest) / -math.log(ratio)))
    made: Tensor | None = None
    for level in range(count + 1):
        share = ratio ** (count - level)
        small = resize(source, [max(side + 1, round(n * share)) for n in source.shape[2:]])
        wanted = [max(side + 1, round(n * share)) for n in size]
        if made is None:
            start = resize(small, wanted)
            made = start + noise * torch.randn(start.shape, generator=generator)
            keys = small
        else:
            made = resize(made, wanted)
            keys = resize(resize(small, [max(side, round(n * ratio)) for n in small.shape[2:]]), small.shape[2:])
        for turn in range(rounds if level else 2 * rounds):
            made = voted(made, keys if turn == 0 else small, small, side, fairness)
    assert made is not None
    return made.clamp(0, 1)


def voted(x: Tensor, keys: Tensor, values: Tensor, side: int, fairness: float, stride: int = 2) -> Tensor:
    """Every patch of ``x`` (at a stride) replaced by the value of its nearest key; overlapping ones averaged."""
    size = tuple(x.shape[2:])
    rest = [(n - side) % stride for n in size]  # the last row and column are in some patch, too
    whole = F.pad(x, (0, rest[1], 0, rest[0]), mode="replicate")
    queries, known, told = F.unfold(whole, side, stride=stride)[0].T, patches(keys, side), patches(values, side)
    distances = torch.cdist(queries, known).square_().div_(queries.shape[1])
    chosen = told[distances.div_(fairness + distances.amin(0, keepdim=True)).argmin(1)].T[None]
    wide = tuple(whole.shape[2:])
    total, count = (F.fold(part, wide, side, stride=stride) for part in (chosen, torch.ones_like(chosen)))
    return (total / count)[..., : size[0], : size[1]]
