"""Clips in and out: every kind of file and folder, the order of frames, and what is no clip."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from oneself import io

CLIP = np.random.default_rng(0).integers(0, 256, (12, 9, 11, 3), np.uint8)


@pytest.mark.parametrize("name", ["clip.tif", "clip.npy", "clip", "clip/"])
@pytest.mark.parametrize("gray", [False, True])
def test_what_was_written_is_read(tmp_path, name, gray):
    pixels, axes = (CLIP[..., 0], "TYX") if gray else (CLIP, "TYXC")
    path = io.write_clip(io.Picture(pixels, axes), tmp_path / name)
    found = io.read_clip(path, axes=axes if name.endswith("npy") else None)
    assert found.axes == axes
    assert np.array_equal(found.pixels, pixels)


def test_a_gif_plays_in_order_at_its_rate(tmp_path):
    flat = np.broadcast_to(np.arange(0, 240, 20, dtype=np.uint8)[:, None, None, None], CLIP.shape)
    path = io.write_clip(io.Picture(flat, "TYXC"), tmp_path / "clip.gif", rate=5)
    with Image.open(path) as file:
        assert (file.n_frames, file.info["duration"]) == (12, 200)
    found = io.read_clip(path)
    assert found.axes == "TYX"  # all of it is gray
    assert np.array_equal(found.pixels, flat[..., 0])


def test_a_shorter_clip_replaces_a_longer_one(tmp_path):
    io.write_clip(io.Picture(CLIP, "TYXC"), tmp_path / "clip")
    with pytest.raises(FileExistsError, match="has pictures in it"):
        io.write_clip(io.Picture(CLIP[:3], "TYXC"), tmp_path / "clip")
    io.write_clip(io.Picture(CLIP[:3], "TYXC"), tmp_path / "clip", overwrite=True)
    assert np.array_equal(io.read_clip(tmp_path / "clip").pixels, CLIP[:3])


def test_frames_are_in_the_order_of_their_numbers(tmp_path):
    for number, frame in enumerate(CLIP):
        Image.fromarray(frame).save(tmp_path / f"{number}.png")
    assert np.array_equal(io.read_clip(tmp_path).pixels, CLIP)


def test_the_axis_that_a_tiff_does_not_name_is_time(tmp_path):
    tifffile.imwrite(tmp_path / "clip.tif", CLIP, photometric="rgb")
    assert io.read_clip(tmp_path / "clip.tif").axes == "TYXC"


def test_what_is_no_clip(tmp_path):
    Image.fromarray(CLIP[0]).save(tmp_path / "one.png")
    (tmp_path / "frames").mkdir()
    Image.fromarray(CLIP[0]).save(tmp_path / "frames/1.png")
    with pytest.raises(ValueError, match="one frame"):
        io.read_clip(tmp_path / "frames")
    with pytest.raises(ValueError, match="one frame"):
        io.read_clip(tmp_path / "one.png")
    Image.fromarray(CLIP[1, :5]).save(tmp_path / "frames/2.png")
    with pytest.raises(ValueError, match=r"1\.png is 9x11x3 uint8, 2\.png 5x11x3 uint8"):
        io.read_clip(tmp_path / "frames")
    glass = np.dstack([CLIP[1], CLIP[1, ..., 0]])
    Image.fromarray(glass).save(tmp_path / "frames/2.png")
    with pytest.raises(ValueError, match=r"2\.png.*alpha"):
        io.read_clip(tmp_path / "frames")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no pictures"):
        io.read_clip(tmp_path / "empty")
    np.save(tmp_path / "many.npy", np.zeros((2, 3, 4, 5)))
    with pytest.raises(ValueError, match="say --axes"):
        io.read_clip(tmp_path / "many.npy", axes="IZYX")


@pytest.mark.parametrize(
    ("name", "pixels", "words"),
    [
        ("clip.png", CLIP, "holds no clip"),
        ("clip.gif", CLIP.astype(np.float32), "GIF holds 8 bit"),
        ("clip", CLIP.astype(np.float32), "PNG cannot hold float32"),
        ("no/clip.gif", CLIP, "no folder"),
    ],
)
def test_refusals_before_the_work(tmp_path, name, pixels, words):
    with pytest.raises((ValueError, OSError), match=words):
        io.check_clip_output(io.Picture(pixels, "TYXC"), tmp_path / name)


@pytest.mark.parametrize("name", ["clip.gif", "clip"])
def test_a_clip_that_cannot_be_written_is_not_lost(tmp_path, monkeypatch, name):
    def full(path):
        if path.parent.parent != place:
            raise OSError(28, "No space left on device")
        flush(path)

    place, flush = tmp_path / "system", io.saving._flush
    (place / "x").mkdir(parents=True)
    monkeypatch.setattr(io.saving, "_flush", full)
    monkeypatch.setattr(io.saving.tempfile, "tempdir", str(place / "x"))
    if name == "clip":
        (tmp_path / name).mkdir()
        (tmp_path / name / "frame-000.png").write_bytes(b"of an earlier clip")
    with pytest.raises(io.SavedAside) as caught:
        io.write_clip(io.Picture(CLIP, "TYXC"), tmp_path / name, overwrite=True)
    (made,) = (place / "x").iterdir()
    assert made == caught.value.path
    assert made.suffix == (".gif" if name == "clip.gif" else ".npy")
    assert name == "clip.gif" or np.array_equal(np.load(made), CLIP)
    assert name == "clip.gif" or (tmp_path / name / "frame-000.png").read_bytes() == b"of an earlier clip"
