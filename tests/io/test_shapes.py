"""Point clouds and meshes in files: everything comes back, and nothing hostile is believed."""

import sys

import numpy as np
import pytest

from oneself.io.shapes import SHAPE_ENDINGS, Shape, read_shape, shape_losses, write_shape

CHANCE = np.random.default_rng(0)
POINTS = CHANCE.normal(size=(20, 3)).astype(np.float32)
NORMALS = POINTS / np.linalg.norm(POINTS, axis=1, keepdims=True)
COLOURS = {name: CHANCE.integers(0, 256, 20).astype(np.uint8) for name in ("red", "green", "blue")}
OTHERS = COLOURS | {"intensity": CHANCE.normal(size=20).astype(np.float32)}
FACES = np.stack([np.roll(np.arange(20), -i) for i in range(3)], axis=1)
CLOUDS = (".xyz", ".xyzn", ".pts")


def same(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("ending", SHAPE_ENDINGS)
def test_what_is_written_is_read(tmp_path, ending):
    mesh = ending not in CLOUDS
    shape = Shape(POINTS, NORMALS, FACES if mesh else None, OTHERS)
    path = write_shape(shape, tmp_path / f"a{ending}")
    found = read_shape(path)
    if ending == ".stl":
        assert found.faces.shape == FACES.shape
        same(found.points[found.faces], POINTS[FACES])
        return
    same(found.points, POINTS)
    same(found.normals, NORMALS)
    assert np.array_equal(found.faces, FACES) if mesh else found.faces is None
    if mesh:
        for name, values in COLOURS.items():
            assert np.array_equal(found.attributes[name], values)
            assert found.attributes[name].dtype == np.uint8
    kept = "intensity" in found.attributes or "column_10" in found.attributes
    assert kept == (shape_losses(shape, path) == [])


def test_ply_keeps_types_comments_and_names(tmp_path):
    shape = Shape(POINTS.astype(np.float64), None, None, OTHERS, comments=("made by hand",))
    found = read_shape(write_shape(shape, tmp_path / "a.ply"))
    assert found.comments == ("made by hand",)
    assert found.points.dtype == np.float64
    assert {k: v.dtype for k, v in found.attributes.items()} == {k: v.dtype for k, v in OTHERS.items()}


HEAD = "ply\nformat {} 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n"
FACE = "element face {}\nproperty list uchar int vertex_indices\n"
SQUARE = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n"


def test_ply_in_text_and_of_either_order_of_bytes_with_polygons(tmp_path):
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    wanted = [[0, 1, 2], [0, 2, 3], [0, 1, 3]]
    text = HEAD.format("ascii") + FACE.format(2) + "end_header\n" + SQUARE + "4 0 1 2 3\n3 0 1 3\n"
    (tmp_path / "a.ply").write_text(text)
    for order, name in (("<", "binary_little_endian"), (">", "binary_big_endian")):
        body = corners.astype(f"{order}f4").tobytes()
        for face in ([0, 1, 2, 3], [0, 1, 3]):
            body += bytes([len(face)]) + np.array(face, f"{order}i4").tobytes()
        (tmp_path / f"{name}.ply").write_bytes((HEAD.format(name) + FACE.format(2) + "end_header\n").encode() + body)
    for path in tmp_path.iterdir():
        found = read_shape(path)
        assert np.array_equal(found.points, corners), path
        assert found.faces.tolist() == wanted, path


def test_columns_of_xyz(tmp_path):
    path = tmp_path / "a.xyz"
    path.write_text("2\n# a remark\n0 0 0 255 0 10\n1,2;3 0 255 20\n")
    found = read_shape(path)
    assert found.normals is None
    assert found.points.tolist() == [[0, 0, 0], [1, 2, 3]]
    assert {k: v.tolist() for k, v in found.attributes.items()} == {
        "column_4": [255, 0], "column_5": [0, 255], "column_6": [10, 20]
    }  # fmt: skip


BROKEN = {
    "empty.ply": "ply\nformat ascii 1.0\nelement vertex 0\nproperty float x\nend_header\n",
    "none.ply": "hello",
    "endless.ply": "ply\nformat ascii 1.0\n" + "comment x\n" * 2000,
    "many.ply": HEAD.format("ascii").replace("vertex 4", "vertex 999999999999999") + "end_header\n" + SQUARE,
    "binary.ply": HEAD.format("binary_little_endian").replace("vertex 4", "vertex 999999999999") + "end_header\n",
    "corner.ply": HEAD.format("ascii") + FACE.format(1) + "end_header\n" + SQUARE + "3 0 1 9\n",
    "count.ply": HEAD.format("ascii") + FACE.format(1) + "end_header\n" + SQUARE + "1e300 0 1 2\n",
    "words.ply": HEAD.format("ascii") + "end_header\nx y z\n",
    "ragged.xyz": "0 0 0\n1 2 3 4\n",
    "words.xyz": "a b c\n",
    "short.xyz": "1 2\n3 4\n",
    "none.off": "x",
    "many.off": "OFF\n99999999 1 0\n0 0 0\n",
    "corner.off": "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 7\n",
    "face.off": "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n9 0 1 2\n",
    "corner.obj": "v 0 0 0\nv 1 0 0\nf 1 2 3\n",
    "word.obj": "v 0 0 zero\n",
    "word_in_face.obj": "v 0 0 0\nf 1 x 1\n",
    "none.obj": "# nothing\n",
    "none.stl": "solid nothing",
    "cut.stl": "\0" * 80 + "\x10\x27\0\0" + "\0" * 50,
}


@pytest.mark.parametrize("name", BROKEN)
def test_damaged_files_are_refused_by_name(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(BROKEN[name].encode("latin1"))
    with pytest.raises(OSError, match=rf"read\(path=.*{name}.*\): it|a face"):
        read_shape(path)


def test_what_a_format_cannot_hold_is_refused_before_the_work(tmp_path):
    with pytest.raises(ValueError, match=r"\.xyz has no faces\. End it in"):
        write_shape(Shape(POINTS, None, FACES), tmp_path / "a.xyz")
    with pytest.raises(ValueError, match=r"\.stl has faces alone"):
        write_shape(Shape(POINTS), tmp_path / "a.stl")
    with pytest.raises(ValueError, match=r"\.png is no shape"):
        write_shape(Shape(POINTS), tmp_path / "a.png")
    write_shape(Shape(POINTS), tmp_path / "a.ply")
    with pytest.raises(FileExistsError):
        write_shape(Shape(POINTS), tmp_path / "a.ply")


def test_a_missing_library_is_named_with_its_command(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "trimesh", None)
    with pytest.raises(ImportError, match=r"pip install 'oneself\[shapes\]'"):
        write_shape(Shape(POINTS, None, FACES), tmp_path / "a.stl")
