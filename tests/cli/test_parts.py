"""What a method tells and finds besides the image: printed, recorded, and in files beside the result."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

import oneself as library
from oneself.jobs.checkpoints import Checkpoint, Done

from .conftest import noisy, read_png

SAMPLED = ("--method", "dip_sgld", "--steps", "6", "--burn-in", "2", "--width", "4", "--levels", "2")
OPTIONS = {"steps": 6, "burn_in": 2, "width": 4, "levels": 2}


def test_an_estimated_level_is_said_and_recorded(oneself, folder):
    said = oneself("denoise photo.png", *SAMPLED)
    (note,) = json.loads((folder / "photo-denoised.png.json").read_text())["items"][0]["notes"]
    assert note.startswith("dip_sgld: sigma was not given; estimated as ")
    assert note in said.err
    given = oneself("denoise photo.png again.png", *SAMPLED, "--sigma", "20")
    assert "was not given" not in given.err
    assert json.loads((folder / "again.png.json").read_text())["items"][0]["notes"] == []


def test_the_uncertainty_is_a_file_beside_the_result(oneself, folder):
    said = oneself("denoise photo.png", *SAMPLED)
    assert said.code == 0, said.err
    path = folder / "photo-denoised-uncertainty.tif"
    found = tifffile.imread(path)
    assert found.dtype == np.float32
    image = read_png("photo.png")
    again = library.denoise(image, "dip_sgld", full=True, **OPTIONS)
    expected = again.parts["uncertainty"]
    assert expected.shape == (1, 3, *image.shape[:2])
    assert torch.equal(torch.from_numpy(found).permute(2, 0, 1)[None], expected)
    assert "wrote photo-denoised-uncertainty.tif: uncertainty" in said.err
    parts = json.loads((folder / "photo-denoised.png.json").read_text())["parts"]
    assert parts["uncertainty"]["path"] == str(path)


def test_a_part_that_is_there_is_left_unless_overwritten(oneself, folder):
    path = folder / "out-uncertainty.tif"
    path.write_bytes(b"mine")
    said = oneself("denoise photo.png out.png", *SAMPLED)
    assert said.code == 0
    assert path.read_bytes() == b"mine"
    record = json.loads((folder / "out.png.json").read_text())
    beside = folder / Path(record["parts"]["uncertainty"]["path"]).name
    assert f"was left as it is; the uncertainty is in {beside}" in said.err
    assert any("was left as it is" in note for note in record["notes"])
    assert tifffile.imread(beside).shape == (20, 24, 3)
    assert beside not in library.io.find_images(folder), "it is no input of the next call"
    assert oneself("denoise photo.png out.png --overwrite", *SAMPLED).code == 0
    assert tifffile.imread(path).shape == (20, 24, 3)


def test_parts_of_a_stack_join_and_blank_items_have_none(oneself, folder):
    stack = np.stack([noisy((20, 24)), np.full((20, 24), 7, np.uint8)])
    tifffile.imwrite("stack.tif", stack, photometric="minisblack", metadata={"axes": "IYX"})
    said = oneself("denoise stack.tif out.tif --axes IYX", *SAMPLED)
    assert said.code == 0, said.err
    found = tifffile.imread("out-uncertainty.tif")
    assert found.shape == (2, 20, 24)
    assert (found[0] > 0).all()
    assert np.isnan(found[1]).all()


def test_where_the_picture_is_kept_nothing_is_uncertain(oneself, folder):
    missing = np.zeros((20, 24), bool)
    missing[5:9, 6:12] = True
    Image.fromarray(missing).save("mask.png")
    said = oneself("inpaint photo.png out.png --mask mask.png --sigma 20", *SAMPLED)
    assert said.code == 0, said.err
    found = tifffile.imread("out-uncertainty.tif")
    assert (found[~missing] == 0).all()
    assert (found[missing] > 0).all()


def test_parts_are_no_inputs_of_a_second_call(oneself, folder):
    assert oneself("denoise . --skip-existing", *SAMPLED).code == 0
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert "photo-denoised-uncertainty.tif" in before
    again = oneself("denoise . --skip-existing", *SAMPLED)
    assert again.code == 0, again.err
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", ["photo-crop.tif", "photo-denoised-crop.tif"])
def test_other_files_beside_a_result_are_inputs(oneself, folder, name):
    assert oneself("denoise photo.png", *SAMPLED).code == 0
    tifffile.imwrite(folder / name, noisy((20, 24)), photometric="minisblack")
    assert folder / name in library.io.find_images(folder)


def test_a_checkpoint_keeps_the_parts_of_finished_items(tmp_path):
    told: list[str] = []
    kind = ("|u1", (1, 4, 5), 2)
    first = Checkpoint(tmp_path / "state.safetensors", {"task": "denoise"}, told.append, kind)
    part = np.random.default_rng(0).random((1, 4, 5), np.float32)
    first.done.append(Done(noisy((1, 4, 5)), {"restored": False, "why": "blank"}, {"uncertainty": part}))
    first.save(None)
    (item,) = Checkpoint(first.path, {"task": "denoise"}, told.append, kind).done
    assert np.array_equal(item.parts["uncertainty"], part)
    assert np.array_equal(item.pixels, noisy((1, 4, 5)))
    assert told == []
