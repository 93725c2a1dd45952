"""``oneself edit``, ``harmonise``, ``paint`` and ``animate``: results, their records, and what is refused."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import oneself as library
from oneself import io

from .conftest import noisy, read_png

TINY = {"method": "singan", "min_size": 12, "layers": 3, "width": 8, "steps": 3, "device": "cpu"}


@pytest.fixture(scope="module")
def trained():
    return library.generate(noisy(), **TINY).model


@pytest.fixture
def model(folder, trained):
    trained.save("m.safetensors")
    edited = read_png("photo.png")
    edited[4:10, 5:15] = [200, 30, 30]
    Image.fromarray(edited).save("changed.png")
    mask = np.zeros(edited.shape[:2], np.uint8)
    mask[3:11, 4:16] = 255
    Image.fromarray(mask).save("mask.png")
    return folder


@pytest.mark.parametrize(("task", "suffix"), [("edit", "edited"), ("harmonise", "harmonised"), ("paint", "painted")])
def test_a_result_and_its_record(oneself, model, task, suffix):
    said = oneself(f"{task} m.safetensors changed.png --seed 3 --json")
    assert said.code == 0, said.err
    made = read_png(f"changed-{suffix}.png")
    expected = getattr(library, task)(library.Model.load("m.safetensors"), read_png("changed.png"), seed=3)
    assert np.array_equal(made, expected)
    assert said.record == json.loads((model / f"changed-{suffix}.png.json").read_text())
    assert (said.record["task"], said.record["scale"], said.record["seed"]) == (task, 1, 3)
    again = oneself(f"{task} m.safetensors changed.png")
    assert (again.code, "exists" in again.err) == (2, True)
    assert oneself(f"{task} m.safetensors changed.png --overwrite --quiet").err == ""


def test_outside_the_mask_it_stays(oneself, model):
    said = oneself("harmonise m.safetensors changed.png out.png --mask mask.png --scale 1 --json")
    assert said.code == 0, said.err
    made, given, mask = read_png("out.png"), read_png("changed.png"), read_png("mask.png") > 0
    assert np.array_equal(made[~mask], given[~mask])
    assert not np.array_equal(made[mask], given[mask])
    assert said.record["mask"]["path"].endswith("mask.png")


def test_an_enlargement(oneself, model):
    said = oneself("enlarge m.safetensors photo.png --factor 1.5 --seed 3 --json")
    assert said.code == 0, said.err
    expected = library.enlarge(library.Model.load("m.safetensors"), read_png("photo.png"), 1.5, seed=3)
    assert np.array_equal(read_png("photo-enlarged.png"), expected)
    assert said.record["factor"] == 1.5


@pytest.mark.parametrize("out", ["clip.gif", "clip.tif", "frames/"])
def test_an_animation(oneself, model, out):
    said = oneself(f"animate m.safetensors {out} --frames 4 --seed 2 --json")
    assert said.code == 0, said.err
    found = io.read_clip(out).pixels
    expected = library.animate(library.Model.load("m.safetensors"), 4, seed=2)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < (12 if out.endswith("gif") else 1e-9)  # 256 colours
    assert said.record["frames"] == 4
    assert "exists" in oneself(f"animate m.safetensors {out} --frames 4").err


def test_a_model_of_tensors_serves_files(oneself, folder):
    x = torch.from_numpy(read_png("photo.png").transpose(2, 0, 1)[None] / 255).float()
    library.generate(x, **TINY).model.save("m")
    assert oneself("paint m photo.png out.png").code == 0
    assert read_png("out.png").shape == (20, 24, 3)
    assert oneself("animate m clip.gif --frames 2").code == 0
    said = oneself("animate m clip/ --frames 2")
    assert (said.code, "PNG cannot hold float32" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("edit m.safetensors none.png", "no such file"),
        ("edit none photo.png", "no such checkpoint"),
        ("paint m.safetensors photo.png --scale 9", "1 (coarse) to 2"),
        ("paint m.safetensors photo.png photo.png", "this is an input"),
        ("paint m.safetensors photo.png link.png --overwrite", "this is an input"),
        ("edit m.safetensors photo.png mask.png --mask mask.png --overwrite", "this is an input"),
        ("animate link.tif m.safetensors --overwrite", "this is an input"),
        ("paint m.safetensors mask.png", "1 channels, the model has learned 3"),
        ("edit m.safetensors photo.png --mask small.png", "Give a mask of that shape"),
        ("edit m.safetensors glass.png", "alpha"),
        ("edit m.safetensors photo.png out.xcf", "no format written here"),
        ("paint photo.png photo.png", "damaged or no checkpoint"),
        ("enlarge m.safetensors photo.png --factor 1", "--factor 1"),
        ("enlarge m.safetensors photo.png --scale 1", "no option --scale"),
        ("animate m.safetensors --frames 1", "at least 2"),
        ("animate m.safetensors --frames 1000000000", "such as"),
        ("animate m.safetensors --pull 2", "--pull 2"),
        ("animate m.safetensors --start-scale 7", "start_scale=7"),
        ("animate m.safetensors out.png", "holds no clip"),
        ("animate m.safetensors --rate 0", "--rate 0"),
        ("animate m.safetensors photo.png/clip.gif", "not a folder"),
        ("paint m.safetensors photo.png --frames 3", "no option --frames"),
    ],
)
def test_refusals(oneself, model, line, words):
    Image.fromarray(np.zeros((3, 3), np.uint8) + 255).save("small.png")
    Image.fromarray(np.dstack([read_png("photo.png"), read_png("photo.png")[..., 0]])).save("glass.png")
    (model / "link.png").symlink_to("photo.png")
    (model / "link.tif").symlink_to("m.safetensors")
    before = sorted(path.name for path in model.iterdir())
    said = oneself(line)
    assert said.code == 2, said.err
    assert words in said.err
    assert said.err.count("error:") == 1
    assert sorted(path.name for path in model.iterdir()) == before


SMALL = ("--method", "sinfusion", "--width", "8", "--blocks", "1", "--timesteps", "4", "--steps", "2")


@pytest.fixture
def moving(folder):
    """A clip as a folder of frames, whose names do not sort as they count."""
    frame = read_png("photo.png")
    (folder / "clip").mkdir()
    for number in range(8, 12):
        Image.fromarray(np.roll(frame, number, axis=1)).save(folder / f"clip/{number}.png")
    return folder


def test_a_clip_from_a_folder_is_learned_prolonged_and_slowed(oneself, moving):
    said = oneself("generate clip out -n 2 --json", *SMALL)
    assert said.code == 0, said.err
    assert [io.read_clip(f"out/clip-0{k}").pixels.shape for k in (1, 2)] == [(4, 20, 24, 3)] * 2
    known = io.read_clip("clip").pixels
    model = library.Model.load("out/clip.safetensors")
    for line, expected in [
        ("extrapolate out/clip.safetensors more.tif --frames 3 --seed 1", library.extrapolate(model, 3, seed=1)),
        (
            "extrapolate out/clip.safetensors before.tif --frames 2 --direction backward",
            library.extrapolate(model, 2, direction="backward"),
        ),
        ("interpolate out/clip.safetensors slow.tif", library.interpolate(model)),
    ]:
        said = oneself(f"{line} --json")
        assert said.code == 0, said.err
        assert np.array_equal(io.read_clip(line.split()[2]).pixels, expected)
        assert said.record["made"] == len(expected)
    said = oneself("extrapolate out/clip.safetensors whole.tif --frames 2 --direction backward --whole")
    assert said.code == 0, said.err
    whole = io.read_clip("whole.tif").pixels
    assert np.array_equal(whole[2:], known)
    assert np.array_equal(whole[:2], io.read_clip("before.tif").pixels)
    assert oneself("interpolate out/clip.safetensors --factor 4").code == 0
    assert io.read_clip("out/clip-interpolated.gif").pixels.shape == (13, 20, 24, 3)


def test_clips_from_a_tiff_are_written_as_such(oneself, moving):
    io.write_clip(io.read_clip("clip"), "clip.tif")
    assert oneself("generate clip.tif out --size 12x30", *SMALL).code == 0
    assert io.read_clip("out/clip-01.tif").pixels.shape == (4, 12, 30, 3)
    said = oneself("generate clip.tif out", *SMALL)
    assert (said.code, "exists" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("generate one out", "one frame"),
        ("generate unlike out", "frames of differing size"),
        ("generate clip out --method singan", "works on 2D"),
        ("generate clip out --axes YXC", "Leave axes out"),
        ("extrapolate still", "a model of one picture"),
        ("interpolate still --factor 3", "a model of one picture"),
    ],
)
def test_refusals_of_clips(oneself, moving, line, words):
    frame = read_png("photo.png")
    for name, frames in (("one", [frame]), ("unlike", [frame, frame[:10]])):
        (moving / name).mkdir()
        for number, pixels in enumerate(frames):
            Image.fromarray(pixels).save(moving / name / f"{number}.png")
    library.generate(frame, method="sinfusion", width=8, blocks=1, timesteps=2, steps=1, device="cpu").model.save(
        "still"
    )
    said = oneself(line)
    assert said.code == 2, said.err
    assert words in said.err
    assert said.err.count("error:") == 1
