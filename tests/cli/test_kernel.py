"""`oneself kernel`, and what it writes given to `super-resolve`."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

ZSSR = ("--method", "zssr", "--steps", "2", "--width", "8", "--layers", "3", "--crop", "16", "--device", "cpu")


@pytest.fixture
def small(folder):
    Image.fromarray(data.chelsea()[:96:2, :128:2]).save("small.png")


def test_a_kernel_is_written_with_its_record(oneself, small):
    said = oneself("kernel small.png --json")
    kernel, record = np.load("small-kernel.npy"), json.loads(Path("small-kernel.npy.json").read_text())
    assert said.code == 0
    assert said.record == record
    assert kernel.shape == (13, 13)
    assert kernel.sum() == pytest.approx(1, abs=1e-4)
    assert record["scale"] == 2
    assert record["method"] == "kernel_spectra"
    assert len(record["widths"]) == 2
    assert "small-kernel.npy" in said.err
    assert oneself("kernel small.png").code == 2
    assert oneself("kernel small.png --overwrite --quiet").err == ""


def test_super_resolve_takes_it(oneself, small):
    assert oneself("kernel small.png --quiet").code == 0
    assert oneself("kernel small.png k.png --quiet").code == 0
    assert np.array(Image.open("k.png")).max() == 255
    told = oneself("super-resolve small.png told.png --scale 2 --kernel small-kernel.npy", *ZSSR)
    drawn = oneself("super-resolve small.png drawn.png --scale 2 --kernel k.png", *ZSSR)
    blind = oneself("super-resolve small.png blind.png --scale 2 --kernel estimate", *ZSSR)
    assert (told.code, drawn.code, blind.code) == (0, 0, 0)
    assert "estimated from the picture by kernel_spectra" in blind.err
    assert np.array_equal(np.array(Image.open("told.png")), np.array(Image.open("blind.png")))
    assert oneself("repeat blind.png.json").code == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("kernel small.png --scale 5", "2, 3 and 4"),
        ("kernel small.png --scale big", "not a number"),
        ("kernel small.png --method dip", "does denoise"),
        ("kernel small.png small.png", "this is an input"),
        ("kernel none.png", "none.png"),
        ("kernel photo.png", "smaller copy"),
        ("super-resolve small.png --scale 2x3 --kernel estimate", "same for both axes"),
    ],
)
def test_what_cannot_be_is_refused(oneself, small, line, message):
    Image.fromarray(data.chelsea()[:12, :40]).save("photo.png")
    said = oneself(line)
    assert said.code == 2
    assert message in said.err


def test_ctrl_c_writes_the_kernel_as_it_stands(oneself, small, stop_after):
    counter = stop_after(2)
    said = oneself("kernel small.png --method kernelgan")
    assert said.code == 130, said.err
    assert counter.taken == 2
    record = json.loads(Path("small-kernel.npy.json").read_text())
    assert (record["interrupted"], record["steps"]) == (True, 2)
    assert np.load("small-kernel.npy").sum() == pytest.approx(1, abs=1e-4)
