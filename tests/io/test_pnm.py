"""Netpbm files, as the specification writes them by hand."""

import numpy as np
import pytest
from PIL import Image

from oneself.io import Picture, read, write

FILES = {
    "a.pbm": (b"P1\n# words\n3 2\n1 0 1\n001\n", [[False, True, False], [True, True, False]]),
    "b.pbm": (b"P4 3 2\n\xa0\x20", [[False, True, False], [True, True, False]]),
    "a.pgm": (b"P2 # words\n3 2 # more\n15\n1 2 3\n# inside\n4 5 15\n", [[1, 2, 3], [4, 5, 15]]),
    "b.pgm": (b"P5\n3 1\n4095\n\x00\x01\x0f\xff\x01\x00", [[1, 4095, 256]]),
    "a.ppm": (b"P3 1 2 255 1 2 3 4 5 6", [[[1, 2, 3]], [[4, 5, 6]]]),
    "b.ppm": (b"P6 1 2\n255\n\1\2\3\4\5\6", [[[1, 2, 3]], [[4, 5, 6]]]),
    "c.pnm": (b"P6 1 1 65535\n\1\2\3\4\5\6", [[[0x102, 0x304, 0x506]]]),
}


@pytest.mark.parametrize("name", FILES)
def test_files_made_by_hand(tmp_path, name):
    content, expected = FILES[name]
    (tmp_path / name).write_bytes(content)
    given = read(tmp_path / name)
    assert np.array_equal(given.pixels, expected)
    back = read(write(given, tmp_path / f"back-{name}"))
    assert np.array_equal(back.pixels, expected)
    assert (back.axes, back.pixels.dtype, back.metadata) == (given.axes, given.pixels.dtype, given.metadata)


def test_values_stay_below_the_white_of_the_source(tmp_path):
    (tmp_path / "b.pgm").write_bytes(FILES["b.pgm"][0])
    given = read(tmp_path / "b.pgm")
    back = write(given.replace(given.pixels * 10), tmp_path / "c.pgm")
    assert read(back).pixels.tolist() == [[10, 4095, 2560]]
    assert back.read_bytes().startswith(b"P5\n3 1\n4095\n")


@pytest.mark.parametrize(("dtype", "name"), [(bool, "a.pbm"), (np.uint8, "a.pgm"), (np.uint8, "a.ppm")])
def test_pillow_agrees(tmp_path, dtype, name):
    pixels = np.random.default_rng(0).integers(0, 2 if dtype is bool else 256, (5, 11, 3)).astype(dtype)
    pixels = pixels if name == "a.ppm" else pixels[..., 0]
    write(Picture(pixels, "YXC"[: pixels.ndim]), tmp_path / name)
    with Image.open(tmp_path / name) as image:
        assert np.array_equal(np.asarray(image), pixels)
        image.save(tmp_path / f"b-{name}")
    assert np.array_equal(read(tmp_path / f"b-{name}").pixels, pixels)


@pytest.mark.parametrize(
    "content",
    [b"P5\n", b"P5 3 2 0\n123456", b"P5 3 2 70000\n123456", b"P5 3 2 255\n12345", b"P2 3 1 9\n1 2 10", b"P2 3 1 9\n1 2",
     b"P5 99999999999999999999 1 255\n1", b"P1 3 1\n1 0", b"P5 0 5 255\n"],
)  # fmt: skip
def test_damage(tmp_path, content):
    (tmp_path / "a.pgm").write_bytes(content)
    with pytest.raises(OSError, match="PNM file is cut off or damaged"):
        read(tmp_path / "a.pgm")
