"""No file is both read and written, or written twice, by any name."""

import os
from pathlib import Path

import pytest
import tifffile
from PIL import Image

from oneself.jobs import places
from oneself.jobs.places import Places

from .conftest import QUICK, noisy

TINY = ("--method", "sinddm", "--steps", "2", "--width", "8", "--layers", "2")


def names_of(path: Path, other: Path) -> dict[str, Path]:
    """Other names of a file; ``other`` is a folder beside it."""
    (other / "symbolic").symlink_to(path)
    os.link(path, other / "hard")
    (other / "folder").symlink_to(path.parent)
    relative = Path(os.path.relpath(path))
    return {
        "itself": path,
        "relative": relative,
        "dots": other / ".." / path.parent.name / path.name,
        "symbolic": other / "symbolic",
        "hard": other / "hard",
        "folder": other / "folder" / path.name,
    }


@pytest.mark.skipif(os.name == "nt", reason="links")
@pytest.mark.parametrize("name", ["itself", "relative", "dots", "symbolic", "hard", "folder"])
def test_an_input_by_any_name(tmp_path, name):
    (tmp_path / "in").mkdir()
    (tmp_path / "other").mkdir()
    path = tmp_path / "in" / "a.png"
    path.touch()
    other = names_of(path, tmp_path / "other")[name]
    with pytest.raises(ValueError, match=r"edit\(--mask.*this is an input"):
        Places("edit", [path], [("out", tmp_path / "b.png"), ("--mask", other)])
    found = Places("edit", [path], [("out", tmp_path / "b.png")])
    assert found.is_read(other)
    assert found.is_taken(tmp_path / "other" / ".." / "b.png")
    assert not found.is_read(tmp_path / "b.png")


@pytest.mark.skipif(os.name == "nt", reason="links")
@pytest.mark.parametrize("one", ["no/../new", "folder/new", "link", "no/deep/../../new"])
def test_two_results_of_one_name(tmp_path, one):
    (tmp_path / "folder").symlink_to(tmp_path)
    (tmp_path / "link").symlink_to("new")
    with pytest.raises(ValueError, match="already written as out"):
        Places("edit", [], [("out", tmp_path / "new"), ("--model", tmp_path / one)])


def test_letter_case_counts_where_the_file_system_tells_it(tmp_path, monkeypatch):
    writes = [("out", tmp_path / "new" / "é.png"), ("--model", tmp_path / "new" / "E\u0301.PNG")]
    if not (tmp_path.with_name(tmp_path.name.swapcase())).exists():
        Places("edit", [], writes)
        monkeypatch.setattr(places, "_ignores_case", lambda folder: True)
    with pytest.raises(ValueError, match="already written as out"):
        Places("edit", [], writes)


def test_whether_case_counts_is_seen_by_what_is_there(tmp_path, monkeypatch):
    (tmp_path / "ab").touch()
    (tmp_path / "AB").touch()
    assert places._ignores_case.__wrapped__(tmp_path) == (len(list(tmp_path.iterdir())) == 1)
    monkeypatch.setattr(Path, "samefile", lambda self, other: True)
    assert places._ignores_case.__wrapped__(tmp_path / "new")


def test_a_link_to_itself_is_refused(oneself, folder):
    (folder / "a.png").symlink_to("b.png")
    (folder / "b.png").symlink_to("a.png")
    said = oneself("denoise photo.png a.png", *QUICK)
    assert said.code == 2
    assert "levels of symbolic links" in said.err
    (folder / "gone").symlink_to("nowhere")
    said = oneself("denoise photo.png gone/", *QUICK)
    assert said.code == 2
    assert "leads nowhere" in said.err


LINES = [
    "denoise photo.png other.png --overwrite",
    "denoise photo.png out.png --compare photo.png --overwrite",
    "denoise photo.png out.png --preview out.png",
    "denoise photo.png out.png --checkpoint other.png --overwrite",
    "denoise photo.png out.png --checkpoint out.png.json",
    "denoise twins out --overwrite",
    "inpaint photo.png mask.png --mask mask.png --overwrite",
    "generate photo.png out --model photo.png --retrain",
    "generate photo.png out --model other.png --retrain",
    "generate photo.png out --model m --checkpoint m",
    "generate photo.png out --model out/photo-01.png",
    "generate photo.png out --checkpoint out/photo-generated.json",
    "kernel photo.png other.png --overwrite",
    "correct photo.png other.png --overwrite",
    "correct photo.png kernel.npy --kernel kernel.npy --overwrite",
    "repeat out.png.json --output other.png --overwrite",
    "repeat out.png.json --output out.png.json --overwrite",
]


@pytest.mark.skipif(os.name == "nt", reason="links")
@pytest.mark.parametrize("line", LINES)
def test_every_command_refuses(oneself, folder, line):
    import numpy as np

    (folder / "other.png").symlink_to("photo.png")
    Image.fromarray(noisy((20, 24)) > 127).save("mask.png")
    np.save("kernel.npy", np.full((3, 3), 1 / 9, np.float32))
    (folder / "twins").mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(noisy((20, 24))).save(folder / "twins" / name)
    if "twins" in line:  # two results that would be one file
        (folder / "out").mkdir()
        (folder / "out" / "a.png").symlink_to("b.png")
    if line.startswith("repeat"):
        assert oneself("denoise photo.png out.png", *QUICK).code == 0
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    said = oneself(line, *(TINY if line.startswith("generate") else ()))
    assert said.code == 2, said.err
    assert "this is an input" in said.err or "already written as" in said.err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_part_never_takes_the_place_of_an_input(oneself, folder):
    """Its name is only known when the method has given it."""
    tifffile.imwrite("out-uncertainty.tif", noisy((20, 24)), photometric="minisblack")
    before = (folder / "out-uncertainty.tif").read_bytes()
    sampled = ("--method", "dip_sgld", "--steps", "6", "--burn-in", "2", "--width", "4", "--levels", "2")
    said = oneself("denoise out-uncertainty.tif out.tif --overwrite", *sampled)
    assert said.code == 0, said.err
    assert (folder / "out-uncertainty.tif").read_bytes() == before
    (beside,) = folder.glob("out-uncertainty-*.tif")
    assert tifffile.imread(beside).shape == (20, 24)
