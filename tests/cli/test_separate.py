"""`oneself separate` and `oneself dehaze`, from file to file."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import oneself as library

from .conftest import noisy, read_png

SMALL = {"steps": 3, "width": 4, "levels": 2, "code": 4}
QUICK = ("--method", "double_dip", *(word for name, value in SMALL.items() for word in (f"--{name}", str(value))))


@pytest.fixture
def aids(folder):
    """Hints, a mask and a second picture beside photo.png."""
    hints = np.zeros((20, 24), np.uint8)
    hints[:, :5], hints[:, -5:] = 255, 128
    Image.fromarray(hints).save("hints.png")
    np.save("hints.npy", np.select([hints == 255, hints == 128], [1, 2], 0).astype(np.uint8))
    Image.fromarray((hints > 0).astype(np.uint8) * 255).save("mask.png")
    Image.fromarray(np.minimum(hints, 128)).save("onesided.png")
    Image.fromarray(hints[:9]).save("small.png")
    Image.fromarray(noisy(seed=5)).save("second.png")
    return folder


def test_dehazing_writes_the_scene_and_its_parts(oneself, folder):
    said = oneself("dehaze photo.png --json", *QUICK)
    assert said.code == 0, said.err
    (record,) = said.record["results"]
    assert record["task"] == "dehaze"
    assert set(record["parts"]) == {"transmission", "airlight"}
    assert tifffile.imread("photo-dehazed-transmission.tif").dtype == np.float32
    assert np.array_equal(read_png("photo-dehazed.png"), library.separate(read_png("photo.png"), "dehaze", **SMALL))
    oneself("separate photo.png same.png --task dehaze", *QUICK)
    assert np.array_equal(read_png("same.png"), read_png("photo-dehazed.png"))


@pytest.mark.parametrize(
    ("line", "out", "parts"),
    [
        ("--task segment --hints hints.png", "photo-foreground.png", {"mask", "foreground", "background"}),
        ("--task watermark --mask mask.png", "photo-unmarked.png", {"opacity", "watermark"}),
        ("--task transparency --second second.png", "photo-layer.png", {"second", "share", "share_2"}),
        ("--task transparency", "photo-layer.png", {"second", "share"}),
    ],
)
def test_every_use_and_its_repetition(oneself, aids, line, out, parts):
    said = oneself(f"separate photo.png {line} --compare both.png --preview now.png", *QUICK)
    assert said.code == 0, said.err
    record = json.loads(Path(f"{out}.json").read_text())
    assert set(record["parts"]) == parts
    assert Path("both.png").exists()
    again = oneself(f"repeat {out}.json")
    assert again.code == 0, again.err
    assert "bit for bit" in again.err


def test_hints_of_a_picture_and_of_an_array_are_the_same(oneself, aids):
    for name in ("hints.png", "hints.npy"):
        said = oneself(f"separate photo.png {name[-3:]}.png --task segment --hints {name}", *QUICK)
        assert said.code == 0, said.err
    assert np.array_equal(read_png("png.png"), read_png("npy.png"))
    hints = np.load("hints.npy")
    assert np.array_equal(read_png("npy.png"), library.separate(read_png("photo.png"), "segment", hints=hints, **SMALL))


def test_a_checkpoint_belongs_to_its_hints(oneself, aids):
    line = "separate photo.png --task segment --hints hints.png --checkpoint state"
    assert oneself(line, *QUICK).code == 0
    assert oneself(line + " --overwrite", *QUICK).code == 0
    said = oneself(line.replace("hints.png", "hints.npy") + " --overwrite", *QUICK)
    assert said.code == 2
    assert "its hints is" in said.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("separate photo.png", "Missing option '--task'"),
        ("separate photo.png --task unmix", "Give one of dehaze"),
        ("separate photo.png --task segment", "Give hints"),
        ("separate photo.png --task watermark", "Give mask"),
        ("separate photo.png --task dehaze --mask mask.png", "only watermark uses it"),
        ("separate photo.png --task segment --hints onesided.png", "none of the foreground"),
        ("separate photo.png --task segment --hints photo.png", "other values than hints"),
        ("separate photo.png --task segment --hints small.png", "the image is (20, 24)"),
        ("separate photo.png --task segment --hints none.png", "there is no such file"),
        ("separate photo.png --task transparency --second small.png", "same size and channels"),
        ("dehaze photo.png --method dip", "Use one of double_dip"),
        ("dehaze photo.png --sigma 5", "only denoise picks by it"),
    ],
)
def test_what_cannot_be_is_refused_before_the_work(oneself, aids, line, words):
    before = set(aids.iterdir())
    said = oneself(line)
    assert said.code == 2
    assert words in said.err
    assert set(aids.iterdir()) == before


def test_the_table_of_methods_has_it(oneself):
    said = oneself("methods --json")
    (found,) = [method for method in json.loads(said.out) if method["key"] == "double_dip"]
    assert found["tasks"] == ["dehaze", "transparency", "watermark", "segment"]
    assert found["dims"] == [2]
