"""Methods on point clouds: what they promise of shapes whose truth is known."""

import numpy as np
import pytest
import torch

import oneself
from oneself import Run
from oneself.domains import MESH
from oneself.domains.mesh import Mesh, as_mesh, as_tensor
from oneself.geometry import boundary_edges, euler_number, face_normals
from oneself.recipes.points.patches import consistent, cubes
from oneself.recipes.points.subsets import Subsets, rare_points
from oneself.testing.inputs import octahedron


def sphere(number=500):
    return torch.nn.functional.normalize(torch.randn(number, 3, generator=torch.Generator().manual_seed(1)))


def box(number=900):
    """Points of a box's faces, and their normals: sharp edges, of which away from the middle is still right."""
    chance = torch.Generator().manual_seed(2)
    x = torch.rand(number, 3, generator=chance) - 0.5
    axis = torch.randint(3, (number,), generator=chance)
    row, sign = torch.arange(number), torch.where(torch.rand(number, generator=chance) < 0.5, -0.5, 0.5)
    x[row, axis] = sign
    normals = torch.zeros_like(x)
    normals[row, axis] = sign.sign()
    return x, normals


@pytest.mark.parametrize(("method", "quick"), [("dipole", {}), ("winding_normals", {"subset": 300, "steps": 20})])
def test_normals_point_outwards_wherever_and_however_large_the_cloud_is(method, quick):
    x, truth = box()
    found = oneself.orient(x, method, **quick)
    assert ((found * truth.numpy()).sum(1) > 0).mean() > 0.98
    assert np.array_equal(oneself.orient(8 * x, method, **quick), found)  # a power of two: bit for bit
    far = oneself.orient(1000 * x.double().numpy() + 5000.0, method, **quick)
    assert ((far * found).sum(1) > 0).mean() > 0.99


def test_two_apart_both_point_outwards():
    x = torch.cat([sphere(400), sphere(400) + torch.tensor([3.0, 0, 0])])
    found = oneself.orient(x, "winding_normals", subset=300, steps=20)
    assert ((found * torch.cat([sphere(400)] * 2).numpy()).sum(1) > 0).mean() > 0.99


def test_order_does_not_count():
    x, truth = box()
    turned = torch.randperm(len(x), generator=torch.Generator().manual_seed(3))
    found = oneself.orient(x[turned])
    assert ((found * truth[turned].numpy()).sum(1) > 0).mean() > 0.98


def test_known_directions_are_kept_and_turned():
    x, truth = box(300)
    signs = np.where(np.arange(300) % 3 == 0, -2.0, 2.0)[:, None]
    found = oneself.orient(x, normals=truth.numpy() * signs)
    assert np.allclose(np.abs(found), 2 * truth.abs().numpy())
    assert ((found * truth.numpy()).sum(1) > 0).mean() > 0.9


def test_patches_hold_every_point_once_and_enough_of_them():
    x = torch.rand(500, 3, generator=torch.Generator().manual_seed(4))
    patches = cubes(x, 0.2, 12)
    assert torch.equal(torch.cat(patches).sort().values, torch.arange(500))
    assert min(map(len, patches)) >= 12
    assert len(cubes(x, 0.2, 10_000)) == 1


def test_signs_agree_within_a_patch():
    x = sphere(200)
    mixed = x * torch.where(torch.arange(200) % 2 == 0, -1.0, 1.0)[:, None]
    found = consistent(x, mixed, torch.rand(200), [torch.arange(200)])
    assert abs(float((found * x).sum(1).sign().sum())) > 190


@pytest.mark.parametrize("levels", [3, 4])
def test_the_surface_of_a_sphere_is_closed_and_lies_on_it(levels):
    n = sphere(800).numpy()
    vertices, faces = oneself.reconstruct(3 * n + 10, n, levels=levels, samples=500, steps=8)
    mesh = Mesh(torch.from_numpy(vertices), torch.from_numpy(faces))
    assert (boundary_edges(mesh.faces), euler_number(mesh.faces)) == (0, 2)
    radius = (mesh.vertices - 10).norm(dim=1)
    assert abs(float(radius.mean()) - 3) < 0.05
    middles = mesh.vertices[mesh.faces].mean(1) - 10
    assert float((face_normals(mesh.vertices, mesh.faces) * torch.nn.functional.normalize(middles)).sum(1).mean()) > 0.9


def test_fitting_brings_the_surface_nearer():
    y = torch.cat(box(5000), 1)  # whose edges the Poisson surface rounds
    history = (
        Run("shape_as_points", y, device="cpu", levels=3, smoothing=4.0, samples=5000, lr=2e-3, steps=15)
        .finish()
        .history
    )
    assert history["chamfer"][-1] < 0.9 * history["chamfer"][0]


def test_the_same_seed_gives_the_same_mesh_in_any_units():
    n = sphere(200).numpy()
    a, b = (oneself.reconstruct(s * n, n, levels=3, samples=100, steps=3, seed=1) for s in (1, 1024))
    assert np.array_equal(a[1], b[1])
    assert np.allclose(1024 * a[0], b[0], rtol=1e-5, atol=1e-4)


def test_without_normals_they_are_found():
    vertices, faces = oneself.reconstruct(sphere(400), levels=3, samples=100, steps=2)
    assert boundary_edges(torch.from_numpy(faces)) == 0
    assert abs(np.linalg.norm(vertices, axis=1).mean() - 1) < 0.1


def test_subsets_are_disjoint_and_rich_and_poor():
    x, _ = box()
    rare = rare_points(x, "sharp", 8)
    edge = x.abs().sort(dim=1).values[:, 1]  # 1/2 on an edge
    assert float(edge[rare].mean()) > float(edge[~rare].mean()) + 0.1
    made = Subsets(x, rare, 100, 0.8, 0.1, 6, 3)
    example = made()
    source, target = example.input[0], example.target
    assert float(torch.cdist(source, target, compute_mode="donot_use_mm_for_euclid_dist").min()) > 0
    exact = "donot_use_mm_for_euclid_dist"
    shares = [
        float((torch.cdist(part, x[rare], compute_mode=exact).amin(1) == 0).float().mean()) for part in (target, source)
    ]
    assert shares == pytest.approx([0.8, 0.1])


def test_sparse_points_are_found():
    x = torch.rand(400, 3, generator=torch.Generator().manual_seed(5))
    x[:40] = 3 * x[:40] + 2
    rare = rare_points(x, "sparse", 6)
    assert float(rare[:40].float().mean()) > 0.8 > 0.2 > float(rare[40:].float().mean())


def test_more_points_lie_on_the_surface_as_many_as_asked():
    x, _ = box()
    quick = {"width": 8, "levels": 2, "subset": 100, "steps": 20, "neighbours": 8}
    found = oneself.consolidate(100 * x, 700, **quick)
    assert found.shape == (700, 3)
    off = np.abs(np.abs(found).max(1) - 50)  # of the box's faces
    assert np.median(off) < 4
    assert np.array_equal(found, oneself.consolidate(100 * x, 700, **quick))
    assert oneself.consolidate(x, steps=1, width=4, levels=1).shape == (1800, 3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: oneself.orient(np.zeros((4, 3))), "all in one place"),
        (lambda: oneself.orient(np.full((4, 3), np.nan)), "4 of 4 rows are NaN or infinite. Remove those"),
        (lambda: oneself.orient(np.zeros((4, 2))), r"orient\(points\.shape=\(4, 2\)\): no points in space"),
        (lambda: oneself.orient(sphere(20), "dip"), r"orient\(method='dip'\): it does denoise"),
        (lambda: oneself.orient(sphere(20), normals=sphere(19)), "19 for 20 points"),
        (lambda: oneself.reconstruct(sphere(20), np.zeros((20, 3))), "normals of length 0"),
        (lambda: oneself.consolidate(sphere(5)), r"self_sample\(y of 5 points\): too few"),
        (lambda: oneself.orient(sphere(20), "winding_normals", narrow=9.0), "wider than at the beginning"),
        (lambda: oneself.orient(sphere(20), "dipole", lengh=1), "no such option"),
    ],
)
def test_refusals(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()


@pytest.mark.parametrize("shape", ["plane", "line", "twice", "two"])
def test_degenerate_clouds_have_an_answer(shape):
    x = sphere(60)
    if shape in ("plane", "line"):
        x = x * torch.tensor([1.0, float(shape == "plane"), 0])
    x = torch.cat([x, x]) if shape == "twice" else x[:2] if shape == "two" else x
    found = oneself.orient(x)
    assert found.shape == (len(x), 3)
    assert np.isfinite(found).all()
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_a_mesh_is_one_tensor_and_back():
    mesh = octahedron(2)
    again = as_mesh(as_tensor(mesh))
    assert torch.equal(again.vertices, mesh.vertices)
    assert torch.equal(again.faces, mesh.faces)
    assert MESH.fingerprint(again) == MESH.fingerprint(mesh)
    assert MESH.fingerprint(octahedron(1)) != MESH.fingerprint(mesh)


@pytest.mark.parametrize(
    ("mesh", "words"),
    [
        (Mesh(torch.zeros(3, 3).int(), torch.zeros(1, 3).long()), "not real floating point"),
        (Mesh(torch.zeros(3, 3), torch.zeros(1, 3).int()), "not int64"),
        (Mesh(torch.zeros(3, 2), torch.zeros(1, 3).long()), "no mesh"),
        (Mesh(torch.zeros(3, 3), torch.full((1, 3), 3)), "a corner that is no vertex"),
        (Mesh(torch.full((3, 3), torch.nan), torch.zeros(1, 3).long()), "NaN or infinite"),
    ],
)
def test_what_is_no_mesh_is_refused(mesh, words):
    with pytest.raises((TypeError, ValueError), match=words):
        MESH.check_values("y", mesh)


def test_the_run_itself_gives_points_with_normals():
    answer = Run("dipole", sphere(60).double(), device="cpu").finish().answer
    assert answer.shape == (60, 6)
    assert answer.dtype == torch.float64
