"""Shape As Points: points and normals moved until the Poisson surface that they make lies on the given ones.

Given           y, points of a surface with normals
Structure       points and normals θ, their Poisson surface S(θ) by a Fourier transform
Input           samples of S(θ) and the given points, each with its nearest of the other
Loss            mean distance of samples to points and of points to samples
Regularisation  the smoothing of the Poisson surface, few steps

Peng, Jiang, Liao, Niemeyer, Pollefeys, Geiger. Shape As Points: a differentiable Poisson solver. NeurIPS 2021.
"""

from typing import Annotated, Any, cast

import torch
from torch import Tensor, nn

from oneself.core import Example, Fit, Input, Option, Stage, Term, method
from oneself.domains import MESH, ORIENTED, Mesh
from oneself.domains.mesh import as_tensor
from oneself.geometry import nearest, sample_surface, unit_box
from oneself.geometry.neighbours import distance
from oneself.geometry.poisson import at_places, indicator, level_set
from oneself.optim import adam
from oneself.recipes import options as o

MARGIN = 0.6  # of the periodic box, what the cloud's largest side takes
INSIDE = 1 - 1e-6
COARSEST = 4  # grid points a side of level 0
BESIDE = 6  # nearest points by which the area that a point stands for is told


class Surface(nn.Module):
    """The Poisson surface of free points and normals in [0, 1)³."""

    def __init__(self, points: Tensor, normals: Tensor, side: int, sigma: float) -> None:
        super().__init__()
        self.points, self.normals = nn.Parameter(points), nn.Parameter(normals)
        self.side, self.sigma = side, sigma

    def field(self) -> Tensor:
        return indicator(self.points.clamp(0, INSIDE), self.normals, self.side, self.sigma)

    def forward(self, samples: Tensor, step: Tensor) -> Tensor:
        """Samples of the present surface as functions of its points: ``s - (χ(s) - now) ∇χ / |∇χ|²``."""
        value = at_places(self.field()[None], samples)
        return samples - step * (value - value.detach())


class Samples(Input):
    """Places on the present surface with their nearest given points, and given points with their nearest places."""

    def __init__(self, surface: Surface, y: Tensor, samples: int) -> None:
        super().__init__()
        self._surface = [surface]  # not a module of this one: it has its own place in the state
        self.y, self.samples = y, samples

    def forward(self) -> Example:
        with torch.no_grad():
            field = self._surface[0].field()
            vertices, faces = level_set(field)
            s, _, _ = sample_surface(vertices, faces, self.samples)
            slope = _slope(field, s)
            step = slope / slope.square().sum(1, keepdim=True).clamp_min(1e-12)
            _, there = nearest(s, self.y)
            _, here = nearest(self.y, s)
        s, step, here = s[torch.cat([torch.arange(len(s), device=s.device), here[:, 0]])], step, here[:, 0]
        step = torch.cat([step, step[here]])
        weights = torch.cat([torch.full((n,), 0.5 / n, device=s.device) for n in (self.samples, len(self.y))])
        return Example((s, step), torch.cat([self.y[there[:, 0]], self.y]), weights)

    def evaluation_example(self) -> Example:
        made: Example = self()
        return made


def _slope(field: Tensor, s: Tensor) -> Tensor:
    """The gradient of a periodic grid at places in [0, 1)³, by central differences."""
    side = field.shape[-1]
    slopes = torch.stack([(field.roll(-1, axis) - field.roll(1, axis)) * (side / 2) for axis in range(3)])
    return at_places(slopes, s)


class Chamfer(Term):
    """``sum of weight · |x - target|`` over pairs of nearest points."""

    name = "chamfer"

    def forward(self, x: Tensor, example: Example) -> Tensor:
        assert example.where is not None
        return (example.where * distance(x, example.target)).sum()


@method(
    "Shape As Points, from oriented points",
    cite="Peng, Jiang, Liao, Niemeyer, Pollefeys, Geiger. Shape As Points. NeurIPS 2021.",
    tasks=("reconstruct",),
    needs=(),
    domain=ORIENTED,
    gives=MESH,
)
def shape_as_points(
    y: Tensor,
    physics: Any,
    *,
    levels: Annotated[int, Option("of detail: the grid has 4 · 2^levels points a side", low=1, high=7)] = 5,
    smoothing: Annotated[float, Option("of the Poisson surface, in grid points", low=0.5, high=10)] = 2.0,
    samples: Annotated[int, Option("places on the surface at a step", low=1, high=1_000_000)] = 20_000,
    lr: Annotated[float, Option("how far points move in a step, of the box", above=0, high=0.1)] = 1e-3,
    steps: o.Steps = 20,
) -> Stage:
    x, normals = y[:, :3], torch.nn.functional.normalize(y[:, 3:])
    middle, size = unit_box(x)
    apart, _ = nearest(x, x, BESIDE + 1)
    area = (apart[:, 1:].mean(1, keepdim=True) / size).square()
    inside = (x - middle) / size * MARGIN + 0.5
    surface = Surface(inside, normals * area / area.mean(), COARSEST * 2**levels, smoothing)

    def mesh(network: nn.Module) -> Tensor:
        vertices, faces = level_set(cast(Surface, network).field())
        return as_tensor(Mesh((vertices - 0.5) / MARGIN * size + middle, faces))

    return Fit(
        structure=surface,
        input=Samples(surface, inside.clone(), samples),
        loss=Chamfer(),
        optimiser=adam(lr),
        steps=steps,
        output=mesh,
        image_output=False,
    )
