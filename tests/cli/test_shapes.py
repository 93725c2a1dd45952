"""Point clouds and meshes on the command line."""

import json

import numpy as np
import pytest

from oneself.io.shapes import Shape, read_shape, write_shape

QUICK = ("--method", "shape_as_points", "--levels", "3", "--samples", "50", "--steps", "3")


def sphere(number=300):
    x = np.random.default_rng(0).normal(size=(number, 3))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def scan(folder):
    points = sphere()
    colour = np.where(points[:, 0] > 0, 255, 0).astype(np.uint8)
    return write_shape(
        Shape(10 * points + 3, None, None, {"red": colour, "quality": points[:, 1]}), folder / "scan.ply"
    )


def test_orient_keeps_all_that_was_there(oneself, scan, folder):
    said = oneself("orient scan.ply --compare pair.png --preview now.png --json")
    assert said.code == 0, said.err
    before, after = read_shape(scan), read_shape(folder / "scan-oriented.ply")
    assert np.array_equal(after.points, before.points)
    assert all(np.array_equal(after.attributes[k], v) for k, v in before.attributes.items())
    assert (after.normals * sphere()).sum(1).min() > 0.8
    assert said.record["method"] == "dipole"
    assert said.record == json.loads((folder / "scan-oriented.ply.json").read_text())
    assert (folder / "pair.png").exists()
    assert (folder / "now.png").exists()
    assert oneself("orient scan.ply").code == 2  # it is there
    assert np.array_equal(read_shape(folder / "scan-oriented.ply").normals, after.normals)


def test_reconstruct_finds_normals_and_takes_colours_along(oneself, scan, folder):
    said = oneself("reconstruct scan.ply", *QUICK)
    assert said.code == 0, said.err
    assert "no normals in the file: they are found by dipole" in said.err
    mesh = read_shape(folder / "scan-surface.ply")
    right = mesh.points[:, 0] > 5
    assert mesh.is_mesh
    assert (mesh.attributes["red"][right] == 255).all()
    told = oneself("info scan-surface.ply").out
    assert "watertight" in told
    assert "Euler number 2" in told


def test_consolidate_makes_as_many_as_asked(oneself, scan, folder):
    said = oneself("consolidate scan.ply more.xyz -n 123 --method self_sample --steps 2 --width 4 --levels 1")
    assert said.code == 0, said.err
    assert len(read_shape(folder / "more.xyz").points) == 123


def test_a_checkpoint_goes_on_to_the_same_mesh(oneself, scan, folder):
    assert oneself("reconstruct scan.ply whole.ply", *QUICK).code == 0
    assert oneself("reconstruct scan.ply part.ply --checkpoint state.safetensors", *QUICK).code == 0
    said = oneself("reconstruct scan.ply again.ply --checkpoint state.safetensors", *QUICK)
    assert "going on from state.safetensors" in said.err
    assert (folder / "again.ply").read_bytes() == (folder / "whole.ply").read_bytes()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("orient photo.png", "is no shape"),
        ("orient none.ply", "there is no such file"),
        ("orient scan.ply out.stl", ".stl has faces alone"),
        ("reconstruct scan.ply out.xyz", ".xyz has no faces"),
        ("reconstruct scan.ply scan.ply", "this is an input"),
        ("orient scan.ply --method dip", "it does denoise"),
        ("consolidate scan.ply -n 0", "out of range"),
        ("consolidate scan.ply --method self_sample --subset 1", "out of range"),
        ("consolidate two.xyz", "too few"),
    ],
)
def test_refusals(oneself, scan, folder, line, words):
    (folder / "two.xyz").write_text("0 0 0\n1 1 1\n")
    said = oneself(line)
    assert said.code == 2
    assert words in said.err
