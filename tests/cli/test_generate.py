"""``oneself generate``: pictures, a model to sample again, and what is refused."""

import json

import numpy as np
import pytest
from PIL import Image

from .conftest import read_png

TINY = ("--method", "singan", "--min-size", "12", "--layers", "3", "--width", "8", "--steps", "3")  # fmt: skip


def test_pictures_a_model_and_a_record(oneself, folder):
    said = oneself("generate photo.png out -n 3 --size 24x40 --json", *TINY)
    assert said.code == 0, said.err
    assert [read_png(f"out/photo-0{k}.png").shape for k in (1, 2, 3)] == [(24, 40, 3)] * 3
    assert said.record == json.loads((folder / "out/photo-generated.json").read_text())
    assert said.record["size"] == [24, 40]
    assert "9 steps over 3 scales" in said.err
    again = oneself("generate photo.png more -n 2 --size 24x40 --model out/photo.safetensors")
    assert again.code == 0, again.err
    assert "no training" in again.err
    assert np.array_equal(read_png("more/photo-02.png"), read_png("out/photo-02.png"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("generate photo.png out --size 5", "no size"),
        ("generate photo.png out --size 4x400", "too small"),
        ("generate photo.png out --size 600000x600000", "smaller size"),
        ("generate photo.png out -n 0", "not a number of pictures"),
        ("generate photo.png out --start-scale 9 --model m", "scales 0"),
        ("generate photo.png photo.png", "a file. Name a folder"),
        ("generate alpha.png out", "alpha"),
        ("generate photo.png out --method dip", "Use one of"),
        ("generate photo.png out --min-size 12", "--method"),
        ("generate photo.png out --region 1,2,3@4,5", "no region"),
        ("generate photo.png out --method sinddm --region 1,2,300,4@4,5", "leaves the training picture"),
        ("generate photo.png out --method singan --region 0,0,9,9@4,5", "cannot be steered"),
        ("generate photo.png out --text fire", "--clip FOLDER"),
        ("generate photo.png out --strength 1", "only goes with --text"),
        ("generate photo.png out --text fire --clip nowhere", "no such folder"),
    ],
)
def test_refusals(oneself, folder, line, words):
    Image.fromarray(np.full((20, 20, 4), 128, np.uint8) + np.arange(20, dtype=np.uint8)[:, None, None]).save(
        "alpha.png"
    )
    if "--model m" in line:
        assert oneself("generate photo.png first --model m", *TINY).code == 0
    said = oneself(line)
    assert said.code == 2
    assert words in said.err
    assert said.err.count("error:") == 1


def test_a_model_of_another_picture_or_other_options_is_refused(oneself, folder):
    assert oneself("generate photo.png out --model m", *TINY).code == 0
    Image.fromarray(read_png("photo.png")[::-1]).save("other.png")
    said = oneself("generate other.png out --model m")
    assert (said.code, "trained on another picture" in said.err) == (2, True)
    said = oneself("generate photo.png new --model m --method singan --steps 4")
    assert (said.code, "trained with steps=3, 4 was asked for" in said.err) == (2, True)
    said = oneself("generate photo.png out --model m")
    assert (said.code, "exists" in said.err) == (2, True)


def test_a_checkpoint_is_gone_on_from(oneself, folder):
    assert oneself("generate photo.png out --checkpoint state", *TINY).code == 0
    said = oneself("generate photo.png again --checkpoint state", *TINY)
    assert (said.code, "going on from state" in said.err) == (0, True)
    assert np.array_equal(read_png("out/photo-01.png"), read_png("again/photo-01.png"))


def test_regions_are_kept(oneself, folder):
    steps = ("--method", "sinddm", "--min-size", "12", "--layers", "3", "--width", "8", "--steps", "40")
    said = oneself("generate photo.png out --size 24x60 --region 0,0,16,16@6,40 --json", *steps)
    assert said.code == 0, said.err
    assert said.record["region"] == ["0,0,16,16@6,40"]
    free = oneself("generate photo.png free --size 24x60 --model out/photo.safetensors")
    assert free.code == 0, free.err
    source = read_png("photo.png")[:16, :16].astype(float)
    off = [np.abs(read_png(f"{name}/photo-01.png")[6:22, 40:56] - source).mean() for name in ("out", "free")]
    assert off[0] < 0.8 * off[1]
