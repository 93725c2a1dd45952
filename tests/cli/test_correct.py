"""`oneself correct`: what the function does, to files."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

import oneself as library
from oneself.operators.kernels import gaussian_kernel


@pytest.fixture
def small(folder):
    Image.fromarray(data.chelsea()[:96:2, :128:2]).save("small.png")
    np.save("k.npy", gaussian_kernel(9, 1.4, 0.0, (-0.5, -0.5)).numpy())
    return np.array(Image.open("small.png"))


def test_a_known_kernel(oneself, small):
    said = oneself("correct small.png --kernel k.npy --json")
    assert said.code == 0
    made = np.array(Image.open("small-corrected.png"))
    assert np.array_equal(made, library.correct(small, 2, np.load("k.npy")))
    assert not np.array_equal(made, small)
    record = json.loads(Path("small-corrected.png.json").read_text())
    assert said.record == record
    assert record["kernels"][0]["widths"] == pytest.approx([1.4, 1.4], abs=0.02)
    assert oneself("correct small.png --kernel k.npy").code == 2
    assert oneself("correct small.png --kernel k.npy --overwrite --quiet").err == ""


def test_an_estimated_one(oneself, small):
    assert oneself("correct small.png blind.png --scale 2").code == 0
    assert np.array_equal(np.array(Image.open("blind.png")), library.correct(small, 2))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("correct small.png --scale big --kernel k.npy", "not a number"),
        ("correct small.png --scale 2.5 --kernel k.npy", "whole"),
        ("correct small.png --scale 5", "2, 3 and 4"),
        ("correct small.png --kernel none.npy", "none.npy"),
        ("correct small.png --kernel k.npy --ridge=-1", "--ridge -1"),
        ("correct small.png small.png --kernel k.npy", "this is an input"),
        ("correct tiny.png --kernel k.npy", "larger than the enlarged image"),
        ("correct tiny.png", "smaller copy"),
    ],
)
def test_what_cannot_be_is_refused(oneself, small, line, message):
    Image.fromarray(small[:4, :40]).save("tiny.png")
    said = oneself(line)
    assert said.code == 2
    assert message in said.err
    assert not Path("small-corrected.png").exists()
