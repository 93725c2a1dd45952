"""Point clouds: normals oriented, points made, surfaces reconstructed, beside what is known.

``python benchmarks/shapes.py --part orient --data DATA --out benchmarks/results``; ``DATA`` has ``points/NAME.xyz``,
with true normals, and ``meshes/NAME.obj``, which points are drawn from. Settings were tried on points of cat, G and
triceratops (orient) and on bunny (reconstruct).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from scipy.spatial import ConvexHull
from torch import Tensor

from measuring import report
from oneself import Run
from oneself.domains import Mesh
from oneself.geometry import boundary_edges, euler_number, face_normals, nearest, pca_normals, sample_surface, unit_box
from oneself.io.shapes import read_shape

SEED, SAMPLES, NEAR = 0, 50_000, 0.01


@dataclass(frozen=True)
class Oriented:
    """``right``: share of normals on the true side; ``angle``: mean angle to the true direction, degrees."""

    cloud: str
    points: int
    noise: str
    method: str
    right: float
    angle: float
    seconds: float


@dataclass(frozen=True)
class Surface:
    """``chamfer_l1``: mean of both directions' mean distances, in percent of the box's largest side; ``f_score``: at
    1 % of it; ``normals``: mean cosine of normals at the nearest; ``open_edges``: 0 of a watertight mesh."""

    shape: str
    points: int
    given: str
    method: str
    chamfer_l1: float
    f_score: float
    normals: float
    open_edges: int
    euler: int
    faces: int
    seconds: float


@dataclass(frozen=True)
class Consolidated:
    """In percent of the box's largest side. ``to_truth``: mean distance of made points to all points; ``from_edges``:
    mean distance of all points on sharp edges to the nearest made or given; ``sharp``: share of points near an edge."""

    cloud: str
    given: int
    made: int
    method: str
    to_truth: float
    from_edges: float
    sharp: float
    seconds: float


def cloud(data: Path, name: str, count: int) -> tuple[Tensor, Tensor]:
    found = read_shape(data / "points" / f"{name}.xyz")
    points, normals = torch.from_numpy(found.points).float(), torch.from_numpy(found.normals).float()
    kept = torch.randperm(len(points), generator=torch.Generator().manual_seed(SEED))[: count or None]
    return points[kept], normals[kept]


def noisy(x: Tensor, percent: float) -> Tensor:
    diagonal = (x.amax(0) - x.amin(0)).norm()
    return x + percent / 100 * diagonal * torch.randn(x.shape, generator=torch.Generator().manual_seed(SEED))


def orientation(data: Path, count: int, names: list[str]) -> Iterator[Oriented]:
    for name in names or ["fandisk", "hand"]:
        points, truth = cloud(data, name, count)
        for percent in (0.0, 0.5, 1.0):
            x = noisy(points, percent)
            for method in ("away from the middle", "dipole", "winding_normals"):
                began = time.monotonic()
                if method in ("dipole", "winding_normals"):
                    normals = Run(method, x, device="cpu").finish().answer[:, 3:]
                else:
                    normals, _ = pca_normals(x, 16)
                    normals = normals * torch.where((normals * (x - x.mean(0))).sum(1, keepdim=True) < 0, -1.0, 1.0)
                seconds, cosine = time.monotonic() - began, (normals * truth).sum(1)
                angle = cosine.abs().clamp(max=1).acos().rad2deg().mean()
                right = (cosine > 0).float().mean()
                yield Oriented(name, len(x), f"{percent:g} %", method, float(right), float(angle), seconds)


def mesh_of(data: Path, name: str) -> Mesh:
    found = read_shape(data / "meshes" / f"{name}.obj")
    return Mesh(torch.from_numpy(found.points).float(), torch.from_numpy(found.faces))


def surfaces(data: Path, count: int, names: list[str]) -> Iterator[Surface]:
    for name in names or ["bunny", "triceratops", "G", "cat"]:
        truth = mesh_of(data, name)
        torch.manual_seed(SEED)
        drawn, face, _ = sample_surface(truth.vertices, truth.faces, count or 10_000)
        normals = face_normals(truth.vertices, truth.faces)[face]
        middle, side = unit_box(drawn)
        thin = (drawn[:, 0] < middle[0]) | (torch.rand(len(drawn)) < 0.1)
        for given, x, n in (
            ("clean", drawn, normals),
            ("0.5 % noise", noisy(drawn, 0.5), normals),
            ("half thinned", drawn[thin], normals[thin]),
        ):
            for method in ("convex hull", "Poisson", "shape_as_points"):
                began = time.monotonic()
                made = surface(method, torch.cat([x, n], 1))
                seconds = time.monotonic() - began
                values = compared(made, truth, float(side))
                closed = boundary_edges(made.faces), euler_number(made.faces), len(made.faces)
                yield Surface(name, len(x), given, method, *values, *closed, seconds)


def surface(method: str, y: Tensor) -> Mesh:
    """``Poisson`` is what ``shape_as_points`` begins with."""
    if method == "convex hull":
        hull = ConvexHull(y[:, :3].double().numpy())
        faces = torch.from_numpy(hull.simplices).long()
        corners = y[:, :3][faces]
        across = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        inwards = (across * torch.from_numpy(hull.equations[:, :3]).float()).sum(1) < 0
        return Mesh(y[:, :3], torch.where(inwards[:, None], faces.flip(1), faces))
    if method == "Poisson":
        return Run("shape_as_points", y, device="cpu", steps=1, lr=1e-9).finish().answer
    return Run("shape_as_points", y, device="cpu").finish().answer


def compared(made: Mesh, truth: Mesh, side: float) -> tuple[float, float, float]:
    torch.manual_seed(SEED)
    (a, i, _), (b, j, _) = (sample_surface(mesh.vertices, mesh.faces, SAMPLES) for mesh in (made, truth))
    (there, k), (here, m) = nearest(a, b), nearest(b, a)
    one, other = (face_normals(mesh.vertices, mesh.faces)[f] for mesh, f in ((made, i), (truth, j)))
    cosine = ((one * other[k[:, 0]]).sum(1).mean() + (other * one[m[:, 0]]).sum(1).mean()) / 2
    precision, recall = ((d < NEAR * side).float().mean() for d in (there, here))
    f_score = 2 * precision * recall / (precision + recall).clamp_min(1e-9)
    return float((there.mean() + here.mean()) / 2 / side * 100), float(f_score), float(cosine)


def consolidation(data: Path, count: int, names: list[str]) -> Iterator[Consolidated]:
    for name in names or ["fandisk"]:
        points, normals = cloud(data, name, 0)
        _, side = unit_box(points)
        _, around = nearest(points, points, 10)
        sharp = (normals[around] * normals[:, None]).sum(-1).amin(1) < 0.8
        few = points[: count or 3000]
        wanted = 3 * len(few)
        for method in ("given points", "middles of neighbours", "self_sample"):
            began = time.monotonic()
            made = more(method, few, wanted)
            seconds = time.monotonic() - began
            apart, index = nearest(made, points)
            edges, _ = nearest(points[sharp], torch.cat([few, made]))
            share = sharp[index[:, 0]].float().mean()
            values = (float(value.mean() / side * 100) for value in (apart, edges))
            yield Consolidated(name, len(few), len(made), method, *values, float(share), seconds)


def more(method: str, x: Tensor, wanted: int) -> Tensor:
    if method == "given points":
        return x
    if method == "self_sample":
        return Run("self_sample", x, device="cpu", n=wanted).finish().answer
    _, index = nearest(x, x, 1 + -(-wanted // len(x)))
    return ((x[:, None] + x[index[:, 1:]]) / 2).reshape(-1, 3)[:wanted]


PARTS = {"orient": orientation, "reconstruct": surfaces, "consolidate": consolidation}
TITLES = {
    "orient": "Normals of point clouds, by their true side",
    "reconstruct": "Surfaces through points drawn from a mesh",
    "consolidate": "More points of a thinned cloud",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--names", nargs="*", default=[])
    parser.add_argument("--points", type=int, default=0, help="as many at most; the part's own number unless given")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for row in PARTS[given.part](given.data, given.points, given.names):
        print(row, flush=True)
        rows.append(row)
        report(rows, f"shapes-{given.part}", given.out, TITLES[given.part], quiet=True)  # whole if it is cut short
    report(rows, f"shapes-{given.part}", given.out, TITLES[given.part])


if __name__ == "__main__":
    main()
