"""`--guide FILE`: an option of a method that is an image."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image

import oneself as library
from oneself.jobs.aids import digest
from oneself.jobs.records import pixel_digest

from .conftest import noisy, read_png

DIP = ("--method", "dip", "--steps", "3", "--width", "4", "--levels", "2")
OPTIONS = {"steps": 3, "width": 4, "levels": 2}


@pytest.fixture
def flash(folder):
    """Another picture of the scene, and what the photo becomes with it."""
    Image.fromarray(noisy(seed=3)[:, ::-1]).save("flash.png")
    return folder / "flash.png"


def test_the_guide_reaches_the_method(oneself, flash):
    said = oneself("denoise photo.png out.png --guide flash.png", *DIP)
    assert said.code == 0, said.err
    photo, guide = read_png("photo.png"), read_png("flash.png")
    with_it = library.denoise(photo, "dip", guide=guide, **OPTIONS)
    assert np.array_equal(read_png("out.png"), with_it)
    assert not np.array_equal(with_it, library.denoise(photo, "dip", **OPTIONS))


def test_the_record_names_it_and_repeat_needs_it(oneself, folder, flash):
    oneself("denoise photo.png out.png --guide flash.png", *DIP)
    record = json.loads((folder / "out.png.json").read_text())
    assert record["aids"]["guide"] == {"path": str(flash), "sha256": digest(flash)}
    assert "guide" not in record["options"]
    assert "guide" not in record["asked"]["options"]
    said = oneself("repeat out.png.json")
    assert said.code == 0, said.err
    assert "bit for bit" in said.err
    assert pixel_digest(read_png("out-repeated.png")) == record["output"]["pixels_sha256"]
    Image.fromarray(noisy(seed=4)).save("flash.png")
    changed = oneself("repeat out.png.json --output more.png")
    assert changed.code == 2
    assert "the guide has changed since" in changed.err


def test_a_checkpoint_belongs_to_its_guide(oneself, flash):
    assert oneself("denoise photo.png out.png --checkpoint state --guide flash.png", *DIP).code == 0
    Image.fromarray(noisy(seed=4)).save("flash.png")
    said = oneself("denoise photo.png more.png --checkpoint state --guide flash.png", *DIP)
    assert said.code == 2
    assert "its guide is" in said.err


def test_every_item_of_a_stack_has_its_guide_or_all_share_one(oneself, flash):
    stack, guides = (np.stack([noisy((20, 24), seed=k) for k in seeds]) for seeds in ((0, 1), (5, 6)))
    tifffile.imwrite("stack.tif", stack, photometric="minisblack", metadata={"axes": "IYX"})
    tifffile.imwrite("guides.tif", guides, photometric="minisblack", metadata={"axes": "IYX"})
    said = oneself("denoise stack.tif out.tif --axes IYX --guide guides.tif", *DIP)
    assert said.code == 0, said.err
    for image, guide, found in zip(stack, guides, tifffile.imread("out.tif"), strict=True):
        assert np.array_equal(found, library.denoise(image, "dip", guide=guide, **OPTIONS))
    assert oneself("denoise stack.tif shared.tif --axes IYX --guide flash.png", *DIP).code == 0
    shared = library.denoise(stack[1], "dip", guide=read_png("flash.png"), **OPTIONS)
    assert np.array_equal(tifffile.imread("shared.tif")[1], shared)
    tifffile.imwrite("three.tif", np.repeat(guides, 2, 0)[:3], photometric="minisblack", metadata={"axes": "IYX"})
    said = oneself("denoise stack.tif more.tif --axes IYX --guide three.tif", *DIP)
    assert said.code == 2
    assert "3 pictures for 2" in said.err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--guide small.png", "denoise(guide): its size is (10, 24), the result's is (20, 24)"),
        ("--guide nothing.png", "nothing.png"),
        ("--guide white.png", "Where all are the same nothing can be restored"),
        ("--guide flash.png --input positions", "the guide is the input"),
        ("--guide out.png --overwrite", "this is an input"),
    ],
)
def test_refusals(oneself, folder, flash, flags, words):
    Image.fromarray(noisy()[:10]).save("small.png")
    Image.fromarray(np.full((20, 24), 255, np.uint8)).save("white.png")
    Image.fromarray(noisy(seed=3)).save("out.png")
    before = (folder / "out.png").read_bytes()
    said = oneself(
        f"denoise photo.png out.png --overwrite {flags}".replace("--overwrite --guide out", "--guide out"), *DIP
    )
    assert said.code == 2
    assert words in " ".join(said.err.split())
    assert (folder / "out.png").read_bytes() == before


def test_help_and_list_say_what_it_is(oneself):
    said = oneself("denoise --method dip --help")
    assert "--guide" in said.out
    assert "an image of the result's size" in " ".join(said.out.replace("│", " ").split())
    records = {record["key"]: record for record in json.loads(oneself("methods --json").out)}
    (guide,) = (option for option in records["dip"]["options"] if option["name"] == "guide")
    assert (guide["type"], guide["default"], guide["optional"]) == ("image", None, True)
    assert records["dip"]["presets"]["flash"]["steps"] == 601
    assert "large-hole" in oneself("methods").out
