"""`--second FILE`: another shot of the scene."""

import numpy as np
import pytest
from PIL import Image

import oneself as library

from .conftest import noisy, read_png

QUICK = ("--method", "noise2noise", "--steps", "3", "--width", "4", "--levels", "1")


@pytest.fixture
def shot(folder):
    first = read_png("photo.png").astype(float)
    again = first + np.random.default_rng(5).normal(0, 10, first.shape)
    Image.fromarray(again.clip(0, 255).astype(np.uint8)).save("shot.png")
    return folder / "shot.png"


def test_the_second_shot_reaches_the_method(oneself, shot):
    said = oneself("denoise photo.png out.png --second shot.png", *QUICK)
    assert said.code == 0, said.err
    asked = {"second": read_png("shot.png"), "steps": 3, "width": 4, "levels": 1}
    assert np.array_equal(read_png("out.png"), library.denoise(read_png("photo.png"), "noise2noise", **asked))


def test_none_or_another_size_is_refused(oneself, shot):
    said = oneself("denoise photo.png out.png", *QUICK)
    assert said.code != 0
    assert "a second shot of the scene is needed" in said.err
    Image.fromarray(noisy((12, 24))).save("small.png")
    said = oneself("denoise photo.png out.png --second small.png", *QUICK)
    assert said.code == 2
    assert "denoise(second): its size is (12, 24)" in said.err
