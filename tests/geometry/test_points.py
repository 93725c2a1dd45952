"""Neighbours, normals, fields, winding numbers and Poisson surfaces, beside closed forms."""

import math

import pytest
import torch

from oneself.geometry import (
    areas,
    boundary_edges,
    chamfer,
    dipole_energy,
    euler_number,
    face_normals,
    mean_potential,
    nearest,
    pca_normals,
    sample_surface,
    scattered,
    unit_box,
    vertex_normals,
)
from oneself.geometry.neighbours import distance
from oneself.geometry.poisson import at_places, indicator, level_set, spread_on_grid
from oneself.geometry.render import render
from oneself.geometry.winding import Winding
from oneself.testing.inputs import octahedron


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def sphere(number, seed=0):
    return torch.nn.functional.normalize(normal(number, 3, seed=seed))


def test_the_nearest_are_those_of_all_distances():
    x, y = normal(40, 3), normal(30, 3, seed=1)
    apart, index = nearest(x, y, 4)
    wanted = torch.cdist(x, y).sort(dim=1)
    assert torch.equal(index, wanted.indices[:, :4])
    torch.testing.assert_close(apart, wanted.values[:, :4])
    assert nearest(x, y[:2], 4)[1].shape == (40, 4)


def test_chamfer_is_blind_to_order_and_its_gradient_at_0_is_0():
    x = normal(50, 3).requires_grad_()
    assert float(chamfer(x.detach(), x.detach().flip(0))) == 0
    chamfer(x, x.detach()).backward()
    assert torch.equal(x.grad, torch.zeros_like(x))
    torch.testing.assert_close(distance(x[:1] + 2, x[:1])[0], torch.tensor(math.sqrt(12), dtype=torch.float64))


def test_scattered_points_are_far_apart():
    x = normal(300, 3)
    chosen = scattered(x, 20)
    assert len(set(chosen.tolist())) == 20
    assert (
        torch.cdist(x[chosen], x[chosen]).fill_diagonal_(9).min() > torch.cdist(x[:20], x[:20]).fill_diagonal_(9).min()
    )


def test_the_box():
    middle, side = unit_box(torch.tensor([[1.0, 2, 3], [5, 2, 4]]))
    assert middle.tolist() == [3, 2, 3.5]
    assert float(side) == 4
    assert float(unit_box(torch.ones(3, 3))[1]) == 1


def test_normals_of_a_plane_and_of_a_sphere():
    plane = torch.cat([normal(60, 2), torch.zeros(60, 1, dtype=torch.float64)], 1)
    n, curvature = pca_normals(plane, 8)
    torch.testing.assert_close(n[:, 2].abs(), torch.ones(60, dtype=torch.float64))
    assert float(curvature.max()) < 1e-12
    x = sphere(2000)
    assert float((pca_normals(x, 12)[0] * x).sum(1).abs().mean()) > 0.995


def test_the_energy_is_minus_the_field_of_dipoles():
    """The field is minus the gradient of the potential p·R/|R|³, which autograd knows."""
    s, p, t, n = normal(5, 3), normal(5, 3, seed=1), 3 + normal(7, 3, seed=2), normal(7, 3, seed=3)
    t.requires_grad_()
    r = t[:, None] - s
    potential = ((r * p).sum(-1) / r.norm(dim=-1) ** 3).sum()
    (slope,) = torch.autograd.grad(potential, t)
    torch.testing.assert_close(dipole_energy(s, p, t.detach(), n), (slope * n).sum(1), rtol=1e-3, atol=1e-4)


def test_the_mean_potential_tells_outwards_from_inwards():
    x = sphere(400) / 2
    assert float(mean_potential(x, x)) > 0 > float(mean_potential(x, -x))


@pytest.mark.parametrize("width", [0.02, 0.3])
def test_winding_number_adjoint_and_gradient(width):
    x = sphere(1500)
    areas_along = x * (4 * math.pi / len(x))
    at = torch.tensor([[0.0, 0, 0], [0.3, 0.2, 0.1], [2, 0, 0]], dtype=torch.float64)
    torch.testing.assert_close(
        Winding(x, width, at).value(areas_along), torch.tensor([1.0, 1, 0]).double(), atol=0.03, rtol=0
    )
    s, mu = normal(1500, 1)[:, 0], normal(1500, 3, seed=1)
    winding = Winding(x, width)
    torch.testing.assert_close((winding.value(mu) * s).sum(), (winding.transposed(s) * mu).sum())
    steps = 1e-5 * torch.eye(3, dtype=torch.float64)
    slope = [(Winding(x, width, at + h).value(mu) - Winding(x, width, at - h).value(mu)) / 2e-5 for h in steps]
    torch.testing.assert_close(Winding(x, width, at).against_gradient(mu), -torch.stack(slope, 1), rtol=1e-4, atol=1e-4)


def test_spreading_on_a_grid_is_the_adjoint_of_reading_it():
    x, values, grid = torch.rand(30, 3, dtype=torch.float64), normal(30, 2), normal(2, 8, 8, 8, seed=1)
    torch.testing.assert_close((spread_on_grid(x, values, 8) * grid).sum(), (values * at_places(grid, x)).sum())


def test_the_poisson_surface_of_a_sphere():
    n = sphere(4000).float()
    field = indicator(0.5 + 0.3 * n, n, 48, 2.0)
    assert float(field[24, 24, 24]) < 0 < float(field[0, 0, 0])
    vertices, faces = level_set(field)
    radius = (vertices - 0.5).norm(dim=1)
    assert abs(float(radius.mean()) - 0.3) < 0.01
    assert float(radius.std()) < 0.01
    assert boundary_edges(faces) == 0
    assert euler_number(faces) == 2
    outwards = (vertex_normals(vertices, faces) * torch.nn.functional.normalize(vertices - 0.5)).sum(1)
    assert float(outwards.min()) > 0.9
    with pytest.raises(ValueError, match="nowhere 0"):
        level_set(field.abs() + 1)


def test_meshes():
    mesh = octahedron(3)
    assert (boundary_edges(mesh.faces), euler_number(mesh.faces)) == (0, 2)
    assert boundary_edges(mesh.faces[1:]) == 3
    assert abs(float(areas(mesh.vertices, mesh.faces).sum()) - 4 * math.pi) < 0.2
    middles = mesh.vertices[mesh.faces].mean(1)
    assert float((face_normals(mesh.vertices, mesh.faces) * middles).sum(1).min()) > 0.9
    points, face, weights = sample_surface(mesh.vertices, mesh.faces, 500)
    torch.testing.assert_close((mesh.vertices[mesh.faces[face]] * weights[..., None]).sum(1), points)
    assert float(points.norm(dim=1).min()) > 0.95


def test_a_picture_is_lit_from_outside():
    mesh = octahedron(3)
    vertices, faces = mesh.vertices.numpy(), mesh.faces.numpy()
    picture, inside_out = render(vertices, None, faces, 64), render(vertices, None, faces[:, ::-1], 64)
    assert picture.shape == (64, 64)
    assert picture[0, 0] == 255
    assert picture[32, 32] > 90 > inside_out[32, 32]
    cloud = render(vertices, vertices, None, 64)
    assert (cloud[20:44, 20:44] > 90).mean() > 0.9  # the back is hidden
