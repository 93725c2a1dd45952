"""Where files are found and where results go."""

import json
import os
from pathlib import Path

import pytest

from oneself.io import find_images, output_path, passed_over, read, side_path


def test_output_beside_the_source():
    assert output_path("a/photo.PNG", None, "denoised") == Path("a/photo-denoised.PNG")
    assert output_path("a/stack.v2.ome.tif", None, "denoised") == Path("a/stack.v2-denoised.ome.tif")
    assert output_path("a/b.c.tif", None, "x") == Path("a/b.c-x.tif")


def test_output_as_file_or_folder(tmp_path):
    assert output_path("a/photo.png", "b/clean.tif", "denoised") == Path("b/clean.tif")
    assert output_path("a/photo.png", "new/", "denoised") == Path("new/photo.png")
    assert output_path("a/photo.png", tmp_path, "denoised") == tmp_path / "photo.png"


def test_find_images(tmp_path):
    names = ["b.png", "a.TIF", "note.txt", ".hidden.png", "sub/c.npy", ".cache/d.png", "b-denoised.png", "e-2.png"]
    for name in [*names, "b-denoised.png.json", "e-2.png.json", "b.json"]:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.touch()

    def found(recursive):
        return [p.relative_to(tmp_path).as_posix() for p in find_images(tmp_path, recursive)]

    assert found(False) == ["a.TIF", "b.png", "e-2.png"]  # e-2.png has a side file, but no e.png it could be made from
    assert found(True) == ["a.TIF", "b.png", "e-2.png", "sub/c.npy"]


def test_find_images_refuses_what_is_no_folder(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "file.png").touch()
    with pytest.raises(FileNotFoundError, match="Did you mean 'pictures'"):
        find_images(tmp_path / "picture")
    with pytest.raises(NotADirectoryError, match="this is a file"):
        find_images(tmp_path / "file.png")


def test_side_path():
    assert side_path("a/b.png") == Path("a/b.png.json")


def test_unreadable_sources(tmp_path):
    (tmp_path / "photo.png").touch()
    with pytest.raises(FileNotFoundError, match=r"read\(path='.*fhoto\.png'\): .*Did you mean 'photo\.png'"):
        read(tmp_path / "fhoto.png")
    with pytest.raises(OSError, match="empty"):
        read(tmp_path / "photo.png")
    with pytest.raises(IsADirectoryError, match="folder"):
        read(tmp_path)
    with pytest.raises(FileNotFoundError, match="no folder"):
        read(tmp_path / "no" / "photo.png")


def test_what_find_images_passes_over_is_counted(tmp_path):
    for name in ("a.png", "b.jp2", "sub/c.JP2", "d.avif", ".e.jp2", "a.png.json", "m.safetensors", "README"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
    assert passed_over(tmp_path) == {".avif": 1, ".jp2": 1, "no ending": 1}
    assert passed_over(tmp_path, recursive=True) == {".avif": 1, ".jp2": 2, "no ending": 1}


def test_a_part_whose_name_is_not_utf8_is_known(tmp_path):
    stem = os.fsdecode(b"caf\xe9")
    part = tmp_path / f"{stem}-spread.tif"
    part.touch()
    told = json.dumps({"parts": {"spread": {"path": str(part)}}}, ensure_ascii=False)
    (tmp_path / f"{stem}.png.json").write_bytes(told.encode("utf-8", "backslashreplace"))
    assert find_images(tmp_path) == []
