"""A folder in, a folder out."""

import json

import numpy as np
import pytest
from PIL import Image

from .conftest import QUICK, noisy, read_png


@pytest.fixture
def scans(folder):
    (folder / "scans" / "old").mkdir(parents=True)
    for seed, name in enumerate(("a.png", "b.jpg", "old/c.png")):
        Image.fromarray(noisy((20, 24), seed)).save(folder / "scans" / name)
    return folder / "scans"


def names(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_tree_is_mirrored(oneself, folder, scans):
    said = oneself("denoise scans out --recursive --json", *QUICK)
    assert said.code == 0
    assert names(folder / "out") == {n + e for n in ("a.png", "b.jpg", "old/c.png") for e in ("", ".json")}
    assert "3 restored, 0 failed" in said.err
    assert len(said.record["results"]) == 3
    oneself("denoise scans/a.png alone.png", *QUICK)
    assert np.array_equal(read_png("out/a.png"), read_png("alone.png"))


def test_only_its_own_files_without_recursive(oneself, folder, scans):
    assert oneself("denoise scans out", *QUICK).code == 0
    assert names(folder / "out") == {"a.png", "a.png.json", "b.jpg", "b.jpg.json"}


def test_existing_results_are_refused_skipped_or_replaced(oneself, folder, scans):
    (folder / "out").mkdir()
    (folder / "out" / "a.png").write_bytes(b"mine")
    said = oneself("denoise scans out", *QUICK)
    assert said.code == 2
    assert "1 of 2 results are there already" in said.err
    assert names(folder / "out") == {"a.png"}
    said = oneself("denoise scans out --skip-existing --json", *QUICK)
    assert said.code == 0
    assert (folder / "out" / "a.png").read_bytes() == b"mine"
    assert [one["output"] for one in said.record["skipped"]] == ["out/a.png"]
    assert oneself("denoise scans out --overwrite", *QUICK).code == 0
    assert read_png("out/a.png").shape == (20, 24)


def test_one_bad_file_does_not_stop_the_others(oneself, folder, scans):
    (scans / "aa.png").write_bytes((scans / "a.png").read_bytes()[:60])
    said = oneself("denoise scans out --json", *QUICK)
    assert said.code == 1
    assert {"a.png", "b.jpg"} <= names(folder / "out")
    assert "aa.png" not in names(folder / "out")
    assert "2 restored, 1 failed" in said.err
    assert "failed: scans/aa.png" in said.err
    (failure,) = said.record["failed"]
    assert failure["input"] == "scans/aa.png"
    assert "cut off" in failure["error"]


def test_results_beside_their_sources_are_not_restored_again(oneself, scans):
    oneself("denoise scans", *QUICK)
    first = names(scans)
    said = oneself("denoise scans --skip-existing", *QUICK)
    assert said.code == 0
    assert (
        names(scans)
        == first
        == {"a.png", "b.jpg", "old/c.png"}
        | {f"{n}-denoised.{e}{j}" for n, e in (("a", "png"), ("b", "jpg")) for j in ("", ".json")}
    )


def test_a_folder_of_results_inside_is_left_out(oneself, scans):
    oneself("denoise scans scans/out --recursive", *QUICK)
    said = oneself("denoise scans scans/out --recursive --skip-existing", *QUICK)
    assert "0 restored, 3 skipped" in said.err
    assert not (scans / "out" / "out").exists()


@pytest.mark.parametrize("flag", ["preview", "compare", "checkpoint"])
def test_files_along_the_way_belong_to_one_picture(oneself, scans, flag):
    said = oneself(f"denoise scans out --{flag} file.png", *QUICK)
    assert said.code == 2
    assert "cannot serve a folder" in said.err


def test_a_folder_cannot_go_into_a_file_or_itself(oneself, scans):
    assert "Name a folder" in oneself("denoise scans photo.png", *QUICK).err
    assert "Results never replace inputs" in oneself("denoise scans scans --overwrite", *QUICK).err


def test_a_slash_makes_the_folder(oneself, folder):
    assert oneself("denoise photo.png new/deep/", *QUICK).code == 0
    record = json.loads((folder / "new" / "deep" / "photo.png.json").read_text())
    assert record["output"]["path"] == str(folder / "new" / "deep" / "photo.png")


def test_what_an_interrupted_call_left_half_done_is_done_again(oneself, folder):
    (folder / "scans").mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(noisy()).save(folder / "scans" / name)
    assert oneself("denoise scans out/", *QUICK).code == 0
    side = folder / "out" / "a.png.json"
    record = json.loads(side.read_text())
    side.write_text(json.dumps(record | {"interrupted": True}))
    said = oneself("denoise scans out/ --skip-existing", *QUICK)
    assert said.code == 0, said.err
    assert "b.png is there" in said.err
    assert "a.png is there" not in said.err
    assert json.loads(side.read_text())["interrupted"] is False
