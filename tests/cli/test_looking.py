"""`oneself methods`, `info` and `demo`."""

import itertools
import json
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from skimage import data as pictures

import oneself as library
from oneself.cli import demo
from oneself.jobs.cost import expected_cost
from oneself.noise import estimate_sigma
from oneself.registry import find
from oneself.tasks.auto import Choice

from .conftest import noisy, read_png


def test_the_list_of_methods(oneself):
    said = oneself("methods --json")
    records = json.loads(said.out)
    assert [record["key"] for record in records] == [method.key for method in library.methods()]
    for record in records:
        assert list(record) == ["key", "title", "tasks", "domain", "dims", "options", "presets", "cite"]
    by_key = {record["key"]: record for record in records}
    options = {option["name"]: option for option in by_key["zs_n2n"]["options"]}
    assert options["steps"] == {
        "name": "steps",
        "type": "int",
        "default": 1000,
        "help": "steps",
        "allowed": "a whole number at least 1 and at most 1e+07",
        "choices": [],
        "optional": False,
    }
    assert options["padding"]["choices"] == ["valid", "zeros"]
    assert options["patch"]["optional"] is True


def test_the_table_of_methods(oneself):
    said = oneself("methods")
    for method in library.methods():
        assert method.key in said.out
        assert method.title.split()[0] in said.out


def test_one_method_and_its_options(oneself):
    said = oneself("methods dpir")
    assert "--prior-weight" in said.out
    assert "Cite: " in said.out
    assert "--jitter" not in said.out
    wrong = oneself("methods bp_dap")
    assert wrong.code != 0
    assert "bp_dip" in wrong.err


def test_tables_keep_their_keys_in_a_narrow_terminal(oneself, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    told = oneself("methods").out
    assert all(method.key in told for method in library.methods())
    assert "dncnn-bias-free-0-100" in oneself("weights").out


def test_what_is_in_a_file(oneself, folder):
    tifffile.imwrite(
        "deep.tif", noisy((20, 24), dtype=np.uint16, high=1000), resolution=(300, 150), resolutionunit="INCH"
    )
    said = oneself("info deep.tif --json")
    assert said.code == 0
    found = json.loads(said.out)
    assert (found["format"], found["axes"], found["shape"], found["type"]) == ("tiff", "YX", [20, 24], "uint16")
    assert (found["lowest"], found["highest"]) == (
        tifffile.imread("deep.tif").min(),
        tifffile.imread("deep.tif").max(),
    )
    assert found["resolution"] == {"x": 300.0, "y": 150.0, "unit": "inch"}
    told = oneself("info deep.tif").out
    for words in (
        "TIFF, Y 20 × X 24, uint16",
        "values from",
        "300 × 150 pixels per inch",
        "noise:",
        " s and up to" if sys.platform == "linux" else " s on",
    ):
        assert words in told
    assert {path.name for path in folder.iterdir()} == {"photo.png", "deep.tif"}


def test_the_noise_is_told_in_the_files_units(oneself):
    random = np.random.default_rng(0)
    Image.fromarray((128 + random.normal(0, 20, (64, 64))).clip(0, 255).astype(np.uint8)).save("flat.png")
    found = json.loads(oneself("info flat.png --json").out)
    assert found["noise"]["sigma"] == pytest.approx(20, rel=0.1)
    assert found["noise"]["words"].startswith("white Gaussian noise, sigma")
    assert found["denoise"]["method"] == "nonlocal_wiener"
    low, high = found["noise"]["range"]
    assert found["denoise"]["options"]["sigma"] == pytest.approx(20 / (high - low), rel=0.1)
    np.save("flat.npy", (100 + random.normal(0, 2, (64, 64))).astype(np.float32))
    found = json.loads(oneself("info flat.npy --json --data-range 80 120").out)
    assert found["noise"]["sigma"] == pytest.approx(2, rel=0.1)


def test_stripes_and_few_levels_are_told(oneself):
    random = np.random.default_rng(0)
    values = 128 + 20 * random.normal(size=(160, 1)) + 5 * random.normal(size=(160, 64))
    Image.fromarray((8 * np.rint(values / 8)).clip(0, 240).astype(np.uint8)).save("rows.png")
    found = json.loads(oneself("info rows.png --json").out)
    assert found["noise"]["stripes"] == [0, pytest.approx(20, rel=0.25)]
    assert found["noise"]["extent"][1] > 1
    assert found["noise"]["step"] == pytest.approx(8, abs=0.1)
    assert "stripes along x" in found["noise"]["words"]
    assert found["denoise"]["method"] == "nonlocal_wiener"
    assert "the lines' offsets were taken away" in found["denoise"]["why"]
    assert "stripes along x" in oneself("info rows.png").out


def test_why_it_would_be_refused(oneself):
    Image.fromarray(np.full((9, 9), 3, np.uint8)).save("blank.png")
    said = oneself("info blank.png")
    assert said.code == 0
    assert "would refuse it" in said.out
    np.save("nothing.npy", np.full((20, 20), np.nan, np.float32))
    assert "Nothing is left to restore" in oneself("info nothing.npy").out


def test_the_cost_of_patches_grows_with_the_answer_alone():
    small, large = torch.rand(1, 1, 32, 32), torch.rand(1, 1, 32, 320)
    options = {"steps": 100, "width": 4, "ensemble": False}
    costs = [expected_cost(Choice("zs_n2n", "", options), y, "cpu") for y in (small, large)]
    assert costs[0].steps == costs[1].steps == 100
    assert not costs[0].stops_early
    assert costs[1].seconds < 5 * costs[0].seconds


def test_the_cost_of_whole_pictures_grows_with_them(monkeypatch):
    from oneself.jobs import cost

    monkeypatch.setattr(cost, "PARTS", (2**12,))
    options = {"steps": 100, "width": 4, "levels": 2}
    small, large = (expected_cost(Choice("dip", "", options), torch.rand(1, 1, 64, n), "cpu") for n in (64, 64 * 30))
    assert 5 < large.seconds / small.seconds < 200
    assert small.stops_early
    assert small.memory is None or large.memory > small.memory


def test_the_expected_seconds_are_about_right():
    options = {"steps": 60, "width": 16, "levels": 2, "stop": "never"}
    y = torch.rand(1, 1, 64, 64)
    expected = expected_cost(Choice("dip", "", options), y, "cpu").seconds
    taken = library.Run(find("dip"), y, **options, device="cpu").finish().seconds
    assert taken / 8 < expected < 8 * taken


def test_the_demo(oneself, folder, monkeypatch):
    monkeypatch.setattr(demo, "SECONDS", 10.0)
    said = oneself("demo")
    assert said.code == 0, said.err
    made = {path.name for path in (folder / "oneself-demo").iterdir()}
    assert made == {"noisy.png", "restored.png", "restored.png.json", "before-after.png"}
    before, after = (read_png(f"oneself-demo/{name}.png") for name in ("noisy", "restored"))
    assert np.array_equal(before, pictures.hubble_deep_field()[demo.PLACE])
    height, width = before.shape[:2]
    assert read_png("oneself-demo/before-after.png").shape == (3 * height, 3 * 2 * width + 8, 3)
    noise = [estimate_sigma(image.transpose(2, 0, 1) / 255) for image in (before, after)]
    assert noise[1] < 0.7 * noise[0]
    assert np.abs(after.astype(float) - before).mean() < 2 * 255 * noise[0]
    said = oneself("demo")
    assert said.code == 2
    assert "the file exists" in said.err
    assert np.array_equal(read_png("oneself-demo/restored.png"), after)


def test_the_demo_fetches_nothing(oneself, monkeypatch):
    import socket

    def refuse(*arguments, **more):
        raise AssertionError("it went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert demo._sky().pixels.shape == (192, 192, 3)


def test_the_cost_of_stages_is_that_of_the_last_part_times_the_size(monkeypatch):
    """A second for the part of 64 x 64, of which the picture has two."""
    from oneself.jobs import cost

    clock = itertools.count()
    monkeypatch.setattr(cost, "PARTS", (2**10,))
    monkeypatch.setattr(cost, "STAGES", 2**12)
    monkeypatch.setattr(cost, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    monkeypatch.setattr(cost, "Memory", lambda device: nullcontext(SimpleNamespace(before=100.0, taken=50.0)))
    options = {"sigma": 0.1, "passes": 1, "similar": 8, "reach": 3}
    found = expected_cost(Choice("nonlocal_wiener", "", options), torch.rand(1, 1, 64, 128), "cpu")
    steps = library.Run("nonlocal_wiener", torch.rand(1, 1, 64, 64), device="cpu", **options).finish().steps
    assert (found.seconds, found.steps, found.stops_early) == (2.0, 2 * steps, False)
    assert found.memory == 100 + 50 + 8 * 4 * 64 * 64


def test_the_noise_of_a_picture_is_drawn(oneself, folder):
    Image.fromarray(noisy((48, 40, 3))).save("a.png")
    assert oneself("info a.png --plot chart.png").code == 0
    drawn = np.asarray(Image.open("chart.png"))
    assert drawn.shape == (320, 3 * 460, 3)
    assert all((drawn[:, left : left + 460] == (31, 95, 191)).all(-1).any() for left in (0, 460, 920))
    assert "it is there already" in oneself("info a.png --plot chart.png").err
    assert "ends in .png" in oneself("info a.png --plot chart.gif").err
    Image.fromarray(noisy((20, 24))).save("b.png")
    assert "is no picture of 32 pixels or more" in oneself("info b.png --plot other.png").err
